"""The remote side of the fake: script faults and read state from another process.

The server answers POST /_admin/<verb> with a JSON body on any of its ports; RemoteCloud is the
client. Admin requests are not logged and no fault applies to them.
"""

from __future__ import annotations

import base64
import hashlib
import json
import urllib.request
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from tests.fakes.faults import Fault
from tests.fakes.wire import Request, Response

if TYPE_CHECKING:
    from tests.fakes.cloud import StrictCloud


def handle(cloud: StrictCloud, request: Request) -> Response:
    """Carry out one admin request; what goes wrong is told in the answer."""
    verb = request.raw_path.rpartition("/")[2]
    asked = json.loads(request.body or b"{}")
    try:
        answer = _carry_out(cloud, verb, asked)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        body = json.dumps({"error": f"{verb}: {error!r}"}).encode()
        return Response(400, {"Content-Type": "application/json"}, body)
    return Response(200, {"Content-Type": "application/json"}, json.dumps(answer).encode())


def _carry_out(cloud: StrictCloud, verb: str, asked: dict[str, Any]) -> Any:
    match verb:
        case "create_bucket":
            return cloud.create_bucket(asked["dialect"], asked["name"])
        case "objects":
            held = cloud.objects(asked["dialect"], asked["bucket"])
            return {key: base64.b64encode(data).decode() for key, data in held.items()}
        case "digests":
            held = cloud.objects(asked["dialect"], asked["bucket"])
            return {key: hashlib.sha256(data).hexdigest() for key, data in held.items()}
        case "tamper":
            data = base64.b64decode(asked["data"])
            return cloud.tamper(asked["dialect"], asked["bucket"], asked["key"], data)
        case "pending_uploads":
            return cloud.pending_uploads(asked["dialect"], asked["bucket"])
        case "requests":
            return [asdict(entry) for entry in list(cloud.requests)]
        case "script":
            cloud.script(*(Fault.from_json(raw) for raw in asked["faults"]))
            return None
        case "unfired":
            return [str(fault) for fault in cloud.book.all().unfired()]
        case "release":
            return cloud.book.all().release()
    raise ValueError("no such verb")


class RemoteCloud:
    """Speaks to the admin path of a server in another process."""

    def __init__(self, url: str) -> None:
        self._url = url

    def _ask(self, verb: str, **asked: Any) -> Any:
        request = urllib.request.Request(
            f"{self._url}/_admin/{verb}", json.dumps(asked).encode(), method="POST"
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def create_bucket(self, dialect: str, name: str) -> None:
        self._ask("create_bucket", dialect=dialect, name=name)

    def objects(self, dialect: str, bucket: str) -> dict[str, bytes]:
        found = self._ask("objects", dialect=dialect, bucket=bucket)
        return {key: base64.b64decode(text) for key, text in found.items()}

    def digests(self, dialect: str, bucket: str) -> dict[str, str]:
        """Return the SHA-256 of every object, in hexadecimal."""
        found: dict[str, str] = self._ask("digests", dialect=dialect, bucket=bucket)
        return found

    def tamper(self, dialect: str, bucket: str, key: str, data: bytes) -> None:
        text = base64.b64encode(data).decode()
        self._ask("tamper", dialect=dialect, bucket=bucket, key=key, data=text)

    def pending_uploads(self, dialect: str, bucket: str) -> list[str]:
        found: list[str] = self._ask("pending_uploads", dialect=dialect, bucket=bucket)
        return found

    def requests(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._ask("requests")
        return found

    def script(self, *faults: Fault) -> None:
        self._ask("script", faults=[fault.to_json() for fault in faults])

    def unfired(self) -> list[str]:
        found: list[str] = self._ask("unfired")
        return found

    def release(self) -> None:
        """End every stall."""
        self._ask("release")
