"""The JSON of the GCS dialect."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from tests.fakes.common import ApiError
from tests.fakes.wire import Request, Response

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.fakes.state import Bucket, StoredObject


def number(text: str, name: str) -> int:
    if not text.isdigit():
        raise ApiError(400, "invalid", f"Invalid value for {name}: {text}")
    return int(text)


def resource(request: Request, stored: StoredObject) -> dict[str, Any]:
    """Return the object resource, numbers that may be large as strings."""
    bucket = request.bucket
    origin = f"http://{request.headers.get('host', '')}"
    created = timestamp(stored.created)
    path = f"/storage/v1/b/{bucket}/o/{quote(stored.key, safe='')}"
    shown: dict[str, Any] = {
        "kind": "storage#object",
        "id": f"{bucket}/{stored.key}/{stored.generation}",
        "selfLink": origin + path,
        "mediaLink": f"{origin}/download{path}?generation={stored.generation}&alt=media",
        "name": stored.key,
        "bucket": bucket,
        "generation": str(stored.generation),
        "metageneration": "1",
        "storageClass": "STANDARD",
        "size": str(len(stored.data)),
        "crc32c": stored.checksums["crc32c"],
        "etag": stored.etag,
        "timeCreated": created,
        "updated": created,
        **stored.headers,
    }
    if "md5" in stored.checksums:
        shown["md5Hash"] = stored.checksums["md5"]
    if stored.metadata:
        shown["metadata"] = dict(stored.metadata)
    if stored.components:
        shown["componentCount"] = stored.components
    return shown


def bucket_resource(bucket: Bucket) -> dict[str, Any]:
    created = timestamp(bucket.created)
    return {
        "kind": "storage#bucket",
        "id": bucket.name,
        "name": bucket.name,
        "projectNumber": "1",
        "location": "US",
        "locationType": "multi-region",
        "storageClass": "STANDARD",
        "metageneration": "1",
        "etag": "CAE=",
        "timeCreated": created,
        "updated": created,
    }


def parse_json(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body or b"{}")
    except ValueError:
        raise ApiError(400, "parseError", "Parse Error") from None
    if not isinstance(found, dict):
        raise ApiError(400, "parseError", "Parse Error")
    return found


def json_response(
    content: dict[str, Any], status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    kind = {"Content-Type": "application/json; charset=UTF-8"}
    return Response(status, {**kind, **(headers or {})}, json.dumps(content).encode())


def timestamp(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def select_fields(body: bytes, mask: str) -> bytes:
    """Keep what a partial-response mask names, such as `items(name,size),nextPageToken`."""
    tree, rest = _mask(mask)
    if rest or not tree:
        raise ApiError(400, "invalidParameter", f"Invalid field selection {mask}")
    return json.dumps(_kept(json.loads(body), tree)).encode()


def _mask(text: str) -> tuple[dict[str, Any], str]:
    """Parse `a,b(c,d),e/f` up to an unmatched parenthesis; return what is left, too."""
    tree: dict[str, Any] = {}
    while text:
        end = next((at for at, mark in enumerate(text) if mark in ",()/"), len(text))
        name, text = text[:end].strip(), text[end:]
        inner: dict[str, Any] = {}
        if text.startswith("/"):
            end = next((at for at, mark in enumerate(text) if mark in ",)"), len(text))
            inner, _ = _mask(text[1:end])
            text = text[end:]
        elif text.startswith("("):
            inner, text = _mask(text[1:])
            text = text[1:]
        tree[name] = inner
        if not text.startswith(","):
            break
        text = text[1:]
    return tree, text


def _kept(value: Any, tree: dict[str, Any]) -> Any:
    if isinstance(value, list):
        return [_kept(item, tree) for item in value]
    if not tree or "*" in tree or not isinstance(value, dict):
        return value
    return {name: _kept(value[name], tree[name]) for name in tree if name in value}
