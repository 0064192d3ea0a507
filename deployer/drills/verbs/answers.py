"""Verbs that look at what clients of the router and the endpoints are answered."""

import http.client
import json
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from deployer.drills.estate.models import request_body
from deployer.drills.estate.scene import MODEL
from deployer.drills.verbs.base import Looking
from deployer.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deployer.drills.estate.scene import Scene
    from deployer.drills.evidence.records import Request

__all__ = ["Accept", "Answered", "Ask"]

DIGEST = "x-deployer-model-digest"


class Accept(Looking, frozen=True, kw_only=True, tag="accept"):
    """From now on answers of these versions too are right: an alias is about to move.

    Attributes:
        versions: numbers.

    """

    versions: tuple[int, ...]

    def act(self, scene: "Scene") -> None:
        """Note it down, for whoever counts failed requests."""
        scene.accept(*self.versions)


class Answered(Looking, frozen=True, kw_only=True, tag="answered"):
    """So many requests in a row, sent from now on, are answered by a right version.

    Attributes:
        version: that must answer; 0 for any that is accepted.
        requests: in a row.
        within: seconds that it may take until they are seen.

    """

    version: int = 0
    requests: int = 20
    within: float = 15.0

    def act(self, scene: "Scene") -> None:
        """Look at the load."""
        if scene.load is None:
            raise UsageError("there is no load to look at", hint="give the estate endpoints")
        wanted = _digests(scene, self.version)
        now = time.monotonic()

        def enough(seen: "Sequence[Request]") -> bool:
            return _longest([each for each in seen if each.due >= now], wanted) >= self.requests

        ok = scene.load.wait(enough, self.within)
        seen = [each for each in scene.load.seen() if each.due >= now]
        scene.check(
            f"{self.requests} requests in a row are answered"
            + (f" by version {self.version}" if self.version else ""),
            ok,
            expected=self.requests,
            seen=_longest(seen, wanted),
        )


class Ask(Looking, frozen=True, kw_only=True, tag="ask"):
    """Ask an endpoint or the router itself, once or until it answers as it must.

    Attributes:
        target: ``endpoint:NAME`` or ``router``.
        status: of HTTP that must come.
        version: whose digest must come with it; 0 for any.
        within: seconds until it must.
        faster: seconds that the answer may take; None for any.
        lasting: seconds for which every answer must then be so.

    """

    target: str = "router"
    status: int = 200
    version: int = 0
    within: float = 10.0
    faster: float | None = None
    lasting: float = 0.0

    def act(self, scene: "Scene") -> None:
        """Ask."""
        wanted = _digests(scene, self.version)
        last: tuple[int, str, float] = (0, "", 0.0)

        def right() -> bool:
            nonlocal last
            last = _asked(scene, self.target)
            status, digest, seconds = last
            good = status == self.status and (status != http.client.OK or digest in wanted)
            return good and (self.faster is None or seconds <= self.faster)

        ok = scene.until(right, self.within)
        if ok and self.lasting:
            ok = not scene.until(lambda: not right(), self.lasting)
        version = f" and version {self.version}" if self.version else ""
        lasting = f" for {self.lasting:g} s" if self.lasting else ""
        scene.check(
            f"{self.target} answers with {self.status}{version}{lasting}",
            ok,
            expected={"status": self.status, "faster": self.faster},
            seen={"status": last[0], "digest": last[1][:12], "seconds": round(last[2], 3)},
        )


def _digests(scene: "Scene", version: int) -> set[str]:
    if version:
        return {scene.digests.get(f"{MODEL}:{version}", "?")}
    return set(scene.accepted)


def _longest(requests: "Sequence[Request]", digests: set[str]) -> int:
    best = run = 0
    for each in sorted(requests, key=lambda request: request.due):
        run = run + 1 if each.status == http.client.OK and each.digest in digests else 0
        best = max(best, run)
    return best


def _asked(scene: "Scene", target: str) -> tuple[int, str, float]:
    address = urlsplit(scene.url(target))
    headers = {"content-type": "application/json", "x-api-key": scene.key}
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=10)
    began = time.monotonic()
    try:
        body = request_body(scene.packages[0])
        connection.request("POST", f"/v2/models/{scene.model}/infer", body, headers)
        answer = connection.getresponse()
        answer.read()
        digest = (answer.headers.get(DIGEST) or "").removeprefix("sha256:")
        return answer.status, digest, time.monotonic() - began
    except (OSError, http.client.HTTPException, json.JSONDecodeError):
        return 0, "", time.monotonic() - began
    finally:
        connection.close()
