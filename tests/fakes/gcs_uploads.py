"""GCS uploads: "Upload objects", single-request and resumable.

Whether an upload may replace what is there is judged when the object is made: for a resumable
upload at its last byte, not when the session is opened ("Request preconditions").
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, field
from email.message import Message
from typing import TYPE_CHECKING, Any

from tests.fakes import gcs, gcs_json
from tests.fakes.checksums import b64digest
from tests.fakes.common import ApiError, Peek
from tests.fakes.wire import Request, Response

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.fakes.state import StoredObject

_KEPT = ("contentType", "contentEncoding", "contentDisposition", "cacheControl")
_PEEK = 16384
_RANGE = re.compile(r"bytes (?:(\d+)-(\d+)|\*)/(\d+|\*)$")


@dataclass(slots=True)
class Session:
    """One resumable upload."""

    bucket: str
    key: str
    metadata: dict[str, Any]
    conditions: dict[str, str]
    received: bytearray = field(default_factory=bytearray)
    done: StoredObject | None = None


def kept(metadata: Mapping[str, Any], fallback: str | None = None) -> dict[str, str]:
    found = {name: str(metadata[name]) for name in _KEPT if metadata.get(name)}
    if fallback:
        found.setdefault("contentType", fallback)
    return found


class Uploads:
    """objects.insert in its three forms."""

    def __init__(self, dialect: gcs.Gcs) -> None:
        self._gcs = dialect
        self._sessions: dict[str, Session] = {}

    def identify(self, request: Request, peek: Peek, rest: list[str]) -> str:
        """Name the operation and the key, which may be inside the body only."""
        kind = request.query.get("uploadType")
        session = self._sessions.get(request.query.get("upload_id", ""))
        if session is not None:
            request.key = session.key
        if rest != ["o"]:
            return ""
        if "upload_id" in request.query:
            if request.method == "DELETE":
                return "objects.insert.cancel"
            asks = request.headers.get("content-range", "").startswith("bytes */")
            empty = request.headers.get("content-length", "0") == "0"
            name = "status" if asks and empty else "chunk"
            return f"objects.insert.{name}" if request.method == "PUT" else ""
        if request.method != "POST" or kind not in {"media", "multipart", "resumable"}:
            return ""
        request.key = request.query.get("name", "")
        if not request.key and kind != "media":
            # A damaged body is refused when it is carried out, not while it is named.
            try:
                start = peek(_PEEK)
                raw = start if kind == "resumable" else _metadata_part(request, start)[0]
                request.key = str(gcs_json.parse_json(raw).get("name", ""))
            except ApiError:
                request.key = ""
        return "objects.insert.start" if kind == "resumable" else "objects.insert"

    def pending(self, bucket: str) -> list[str]:
        return sorted(
            session.key
            for session in self._sessions.values()
            if session.bucket == bucket and session.done is None
        )

    def insert(self, request: Request) -> Response:
        """uploadType=media or multipart: one request, all or nothing."""
        if request.query["uploadType"] == "multipart":
            raw, kind, data = _split(request)
            metadata = gcs_json.parse_json(raw)
        else:
            metadata = {}
            kind, data = request.headers.get("content-type"), request.body
        stored = self._make(request.query.get("name"), metadata, data, kind)
        verify(metadata, request.headers, data)
        self._gcs.commit(request, stored, request.query)
        return gcs_json.json_response(gcs_json.resource(request, stored))

    def _make(
        self, name: str | None, metadata: Mapping[str, Any], data: bytes, kind: str | None
    ) -> StoredObject:
        key = self._gcs.check_name(name or str(metadata.get("name", "")))
        custom = metadata.get("metadata") or {}
        if not all(isinstance(value, str) for value in custom.values()):
            raise ApiError(400, "invalid", "Invalid value for: metadata")
        return self._gcs.make(key, data, kept(metadata, kind), custom)

    # Resumable

    def start(self, request: Request) -> Response:
        """Open a session; its address is all a client needs to go on."""
        metadata = gcs_json.parse_json(request.body)
        key = self._gcs.check_name(request.query.get("name") or str(metadata.get("name", "")))
        kind = request.headers.get("x-upload-content-type")
        if kind:
            metadata.setdefault("contentType", kind)
        identity = secrets.token_urlsafe(24)
        conditions = {k: v for k, v in request.query.items() if k in gcs.PRECONDITIONS}
        with self._gcs.state.lock:
            bucket = self._gcs.bucket(request)
            # A condition that cannot hold is refused at once, and judged again at the end.
            self._gcs.check(conditions, bucket.objects.get(key))
            self._sessions[identity] = Session(request.bucket, key, metadata, conditions)
        origin = f"http://{request.headers.get('host', '')}{request.raw_path}"
        location = f"{origin}?uploadType=resumable&upload_id={identity}"
        return Response(200, {"Location": location, "X-GUploader-UploadID": identity})

    def _find(self, request: Request) -> Session:
        session = self._sessions.get(request.query["upload_id"])
        if session is None or session.bucket != request.bucket:
            raise ApiError(404, "notFound", "No such upload session.")
        return session

    def status(self, request: Request) -> Response:
        """ "Check the status of a resumable upload": 308 and Range, or the finished object."""
        with self._gcs.state.lock:
            session = self._find(request)
            total = request.headers["content-range"].rpartition("/")[2]
            if session.done is None and total == str(len(session.received)):
                # An upload of no bytes is finished by stating its size.
                return self._finish(request, session)
            return self._progress(request, session)

    def _progress(self, request: Request, session: Session) -> Response:
        if session.done is not None:
            return gcs_json.json_response(gcs_json.resource(request, session.done))
        size = len(session.received)
        return Response(308, {"Range": f"bytes=0-{size - 1}"} if size else {})

    def chunk(self, request: Request) -> Response:
        """ "Multiple chunk upload": in order, each but the last a multiple of 256 KiB.

        Bytes that are persisted already are skipped; a gap is refused.
        """
        with self._gcs.state.lock:
            session = self._find(request)
            if session.done is not None:
                return self._progress(request, session)
            first, total = _placed(request)
            have = len(session.received)
            if first > have:
                message = f"The upload offset is {first}, the uploaded size {have}."
                raise ApiError(400, "invalid", message)
            end = first + len(request.body)
            if total is None and len(request.body) % self._gcs.state.options.chunk_multiple:
                message = "A chunk that is not the last has to be a multiple of 256 KiB."
                raise ApiError(400, "invalid", message)
            if total is not None and end > total:
                raise ApiError(400, "invalid", "More bytes than announced.")
            session.received += request.body[have - first :]
            if total is None or len(session.received) < total:
                return self._progress(request, session)
            return self._finish(request, session)

    def _finish(self, request: Request, session: Session) -> Response:
        data = bytes(session.received)
        stored = self._make(session.key, session.metadata, data, None)
        try:
            verify(session.metadata, request.headers, data)
            self._gcs.commit(request, stored, session.conditions)
        except ApiError:
            # Neither can come right any more: the session is over.
            del self._sessions[request.query["upload_id"]]
            raise
        session.done = stored
        session.received = bytearray()
        return self._progress(request, session)

    def cancel(self, request: Request) -> Response:
        """ "Cancel a resumable upload" answers 499."""
        with self._gcs.state.lock:
            self._find(request)
            del self._sessions[request.query["upload_id"]]
        return Response(499)

    def cut(self, request: Request, received: bytes) -> None:
        """What arrived of a broken chunk is kept, in multiples of 256 KiB."""
        if request.operation != "objects.insert.chunk":
            return
        with self._gcs.state.lock:
            session = self._sessions.get(request.query["upload_id"])
            if session is None or session.done is not None:
                return
            first, _ = _placed(request, len(received))
            multiple = self._gcs.state.options.chunk_multiple
            usable = received[: len(received) // multiple * multiple]
            if first <= len(session.received):
                session.received += usable[len(session.received) - first :]


def verify(metadata: Mapping[str, Any], headers: Mapping[str, str], data: bytes) -> None:
    """ "Hashes and ETags": the metadata's crc32c and md5Hash, and X-Goog-Hash, are checked."""
    declared = [
        (name, metadata[member])
        for name, member in (("crc32c", "crc32c"), ("md5", "md5Hash"))
        if metadata.get(member)
    ]
    for item in filter(None, headers.get("x-goog-hash", "").split(",")):
        name, _, value = item.strip().partition("=")
        declared.append((name, value))
    if "content-md5" in headers:
        declared.append(("md5", headers["content-md5"]))
    for name, value in declared:
        if name not in {"crc32c", "md5"}:
            raise ApiError(400, "invalid", f"Invalid hash: {name}")
        actual = b64digest(name, data)
        if value != actual:
            shown = {"crc32c": "CRC32C", "md5": "MD5 hash"}[name]
            message = f'Provided {shown} "{value}" doesn\'t match calculated {shown} "{actual}".'
            raise ApiError(400, "invalid", message)


def _placed(request: Request, received: int | None = None) -> tuple[int, int | None]:
    """Where the body belongs: its first offset and the total, if it is known."""
    header = request.headers.get("content-range")
    if header is None:
        return 0, len(request.body)
    found = _RANGE.match(header)
    if found is None:
        raise ApiError(400, "invalid", f"Invalid Content-Range: {header}")
    first, last, total = found.groups()
    if first is None:
        first, last = "0", "-1"
    if received is None and int(last) - int(first) + 1 != len(request.body):
        raise ApiError(400, "invalid", "Content-Range is not the length of the body.")
    return int(first), None if total == "*" else int(total)


def _boundary(request: Request) -> bytes:
    message = Message()
    message["content-type"] = request.headers.get("content-type", "")
    boundary = message.get_param("boundary")
    if message.get_content_type() != "multipart/related" or not isinstance(boundary, str):
        raise ApiError(400, "badContent", "Content-Type must be multipart/related")
    return boundary.encode("latin-1")


def _metadata_part(request: Request, body: bytes) -> tuple[bytes, int]:
    """Return the first part of a multipart/related body, and where the next one begins."""
    delimiter = b"--" + _boundary(request)
    head = body.find(b"\r\n\r\n")
    end = body.find(b"\r\n" + delimiter, head)
    if not body.startswith(delimiter) or head < 0 or end < 0:
        raise ApiError(400, "badContent", "Missing end boundary in multipart body.")
    return body[head + 4 : end], end + 2 + len(delimiter)


def _split(request: Request) -> tuple[bytes, str | None, bytes]:
    """Return metadata, content type and media of a multipart/related body."""
    body = request.body
    raw, at = _metadata_part(request, body)
    head = body.find(b"\r\n\r\n", at)
    end = body.rfind(b"\r\n--" + _boundary(request) + b"--")
    if head < 0 or end < head + 2:
        raise ApiError(400, "badContent", "Missing end boundary in multipart body.")
    found = re.search(rb"(?im)^content-type:[ \t]*(.*?)\r?$", body[at:head])
    return raw, found.group(1).decode("latin-1") if found else None, body[head + 4 : end]
