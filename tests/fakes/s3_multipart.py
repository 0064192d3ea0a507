"""S3 multipart uploads: "Uploading and copying objects using multipart upload".

Two rules are stricter or wider than one page of the documentation:

* A part that carries a checksum needs an upload created with that x-amz-checksum-algorithm, and
  the other way round ("Checksum Type mismatch occurred"). S3 has been seen to enforce it; a
  client that names the algorithm in both places works either way.
* A completion repeated after its success: the API Reference says NoSuchUpload, S3 has been seen
  to answer 200 again for some time. `options.repeat_complete` chooses ("idempotent", the
  default, or "no_such_upload"); a client has to be at home with both.
"""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from tests.fakes import s3, s3_auth, s3_lists
from tests.fakes.checksums import b64, digest, unb64
from tests.fakes.common import ApiError
from tests.fakes.s3_xml import document, parse
from tests.fakes.wire import Request, Response

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from tests.fakes.state import StoredObject

_MAX_PARTS = 10_000


@dataclass(frozen=True, slots=True)
class Part:
    """One uploaded part."""

    number: int
    data: bytes
    etag: str
    modified: float
    checksum: str | None


@dataclass(slots=True)
class Upload:
    """One multipart upload that is neither completed nor aborted."""

    identity: str
    bucket: str
    key: str
    initiated: float
    headers: dict[str, str]
    metadata: dict[str, str]
    algorithm: str | None
    checksum_type: str
    parts: dict[int, Part] = field(default_factory=dict)
    conflicted: bool = False


def _no_such_upload() -> ApiError:
    return ApiError(404, "NoSuchUpload", "The specified multipart upload does not exist.")


class Multipart:
    """The multipart operations over the uploads of every bucket."""

    def __init__(self, dialect: s3.S3) -> None:
        self._s3 = dialect
        self._state = dialect.state
        self._uploads: dict[str, Upload] = {}
        self._finished: dict[str, tuple[str, str, bytes, bytes]] = {}

    def pending(self, bucket: str) -> list[str]:
        with self._state.lock:
            return sorted(held.key for held in self._uploads.values() if held.bucket == bucket)

    def conflict(self, request: Request) -> None:
        """409 ConditionalRequestConflict: the upload and all its parts have to start anew."""
        with self._state.lock:
            held = self._uploads.get(request.query["uploadId"])
            if held is not None:
                held.conflicted = True

    def _find(self, request: Request) -> Upload:
        self._s3.bucket(request)
        held = self._uploads.get(request.query["uploadId"])
        if held is None or (held.bucket, held.key) != (request.bucket, request.key):
            raise _no_such_upload()
        return held

    def create(self, request: Request) -> Response:
        """CreateMultipartUpload: the metadata and the checksum algorithm are settled here."""
        algorithm = request.headers.get("x-amz-checksum-algorithm", "").lower() or None
        if algorithm is not None and algorithm not in s3_auth.ALGORITHMS:
            raise ApiError(400, "InvalidRequest", "Checksum algorithm provided is unsupported.")
        default = "FULL_OBJECT" if algorithm in {None, "crc64nvme"} else "COMPOSITE"
        kind = request.headers.get("x-amz-checksum-type", default).upper()
        if kind == "FULL_OBJECT" and algorithm in {"sha1", "sha256"}:
            message = "The FULL_OBJECT checksum type cannot be used with the sha algorithms."
            raise ApiError(400, "InvalidRequest", message)
        held = Upload(
            secrets.token_urlsafe(24),
            request.bucket,
            request.key,
            self._state.now(),
            s3.kept_headers(request),
            s3.header_metadata(request),
            algorithm,
            kind,
        )
        with self._state.lock:
            self._s3.bucket(request)
            self._uploads[held.identity] = held
        return s3.xml_response(
            document(
                "InitiateMultipartUploadResult",
                {"Bucket": request.bucket, "Key": request.key, "UploadId": held.identity},
            )
        )

    def upload_part(self, request: Request) -> Response:
        """UploadPart: 1 to 10 000; the same number again replaces the part."""
        text = request.query.get("partNumber", "")
        if not text.isdigit() or not 1 <= int(text) <= _MAX_PARTS:
            message = "Part number must be an integer between 1 and 10000, inclusive"
            raise ApiError(400, "InvalidArgument", message)
        with self._state.lock:
            held = self._find(request)
        data, checksums = s3_auth.payload_of(request)
        given = next(iter(checksums), None)
        if given != held.algorithm and not (given is None and held.checksum_type == "FULL_OBJECT"):
            raise ApiError(
                400,
                "InvalidRequest",
                "Checksum Type mismatch occurred, expected checksum Type: "
                f"{held.algorithm or 'null'}, actual checksum Type: {given or 'null'}",
            )
        checksum = checksums.get(given) if given else None
        part = Part(int(text), data, digest("md5", data).hex(), self._state.now(), checksum)
        with self._state.lock:
            self._find(request).parts[part.number] = part
        headers = {"ETag": f'"{part.etag}"'}
        return Response(200, headers | {f"x-amz-checksum-{k}": v for k, v in checksums.items()})

    def list_parts(self, request: Request) -> Response:
        """ListParts: in order of their numbers, at most 1000 a page."""
        marker = s3_lists.number(request, "part-number-marker", 0)
        wanted = s3_lists.number(request, "max-parts", 1000)
        limit = self._state.page_limit(wanted, 1000)
        with self._state.lock:
            held = self._find(request)
            later = [held.parts[number] for number in sorted(held.parts) if number > marker]
        shown = [
            {
                "PartNumber": part.number,
                "LastModified": s3.timestamp(part.modified),
                "ETag": f'"{part.etag}"',
                "Size": len(part.data),
                **({f"Checksum{held.algorithm.upper()}": part.checksum} if held.algorithm else {}),
            }
            for part in later[:limit]
        ]
        return s3.xml_response(
            document(
                "ListPartsResult",
                {
                    "Bucket": request.bucket,
                    "Key": request.key,
                    "UploadId": held.identity,
                    "PartNumberMarker": marker,
                    "NextPartNumberMarker": shown[-1]["PartNumber"] if shown else None,
                    "MaxParts": wanted,
                    "IsTruncated": len(later) > limit,
                    "Part": shown,
                },
            )
        )

    def list_uploads(self, request: Request) -> Response:
        """ListMultipartUploads: by key, then by time of initiation."""
        if "delimiter" in request.query:
            raise ApiError(501, "NotImplemented", "The parameter delimiter is not supported")
        encode = s3_lists.encoder(request)
        wanted = s3_lists.number(request, "max-uploads", 1000)
        limit = self._state.page_limit(wanted, 1000)
        prefix = request.query.get("prefix", "")
        marker = request.query.get("key-marker", "")
        after = request.query.get("upload-id-marker", "")
        with self._state.lock:
            self._s3.bucket(request)
            found = sorted(
                (held.key, held.initiated, held.identity)
                for held in self._uploads.values()
                if held.bucket == request.bucket and held.key.startswith(prefix)
            )
        # Without an upload-id-marker the uploads of the marked key itself are skipped too.
        later = [entry for entry in found if entry[0] >= marker]
        at = next((n + 1 for n, entry in enumerate(later) if entry[2] == after), None)
        later = later[at:] if at is not None else [e for e in later if not marker or e[0] > marker]
        shown = later[:limit]
        return s3.xml_response(
            document(
                "ListMultipartUploadsResult",
                {
                    "Bucket": request.bucket,
                    "Prefix": encode(prefix),
                    "KeyMarker": encode(marker),
                    "UploadIdMarker": after,
                    "NextKeyMarker": encode(shown[-1][0]) if shown else None,
                    "NextUploadIdMarker": shown[-1][2] if shown else None,
                    "EncodingType": request.query.get("encoding-type"),
                    "MaxUploads": wanted,
                    "IsTruncated": len(later) > limit,
                    "Upload": [
                        {"Key": encode(key), "UploadId": name, "Initiated": s3.timestamp(moment)}
                        for key, moment, name in shown
                    ],
                },
            )
        )

    def abort(self, request: Request) -> Response:
        with self._state.lock:
            del self._uploads[self._find(request).identity]
        return Response(204)

    def complete(self, request: Request) -> Response:
        """CompleteMultipartUpload: the conditions are judged at this moment, atomically."""
        s3_auth.body_of(request)
        with self._state.lock:
            repeated = self._repeated(request)
            if repeated is not None:
                return repeated
            held = self._find(request)
            if held.conflicted:
                message = "Start the multipart upload again."
                raise ApiError(409, "ConditionalRequestConflict", message)
            parts = self._chosen(held, parse(request.body, "CompleteMultipartUpload"))
            stored = self._assemble(held, parts)
            _check_whole(request, held, stored)
            bucket = self._s3.bucket(request)
            self._s3.check_write(request, bucket.objects.get(held.key))
            bucket.put(stored)
            del self._uploads[held.identity]
            checksums = {f"Checksum{k.upper()}": v for k, v in stored.checksums.items()}
            body = document(
                "CompleteMultipartUploadResult",
                {
                    "Location": f"/{held.bucket}/{held.key}",
                    "Bucket": held.bucket,
                    "Key": held.key,
                    "ETag": f'"{stored.etag}"',
                    **checksums,
                    "ChecksumType": stored.checksum_type if checksums else None,
                },
            )
            self._finished[held.identity] = (held.bucket, held.key, request.body, body)
        return s3.xml_response(body)

    def _repeated(self, request: Request) -> Response | None:
        done = self._finished.get(request.query["uploadId"])
        if done is None or self._state.options.repeat_complete != "idempotent":
            return None
        bucket, key, manifest, answer = done
        if (bucket, key, manifest) != (request.bucket, request.key, request.body):
            return None
        return s3.xml_response(answer)

    def _chosen(self, held: Upload, root: Element) -> list[Part]:
        entries = root.findall("Part")
        if not entries:
            raise ApiError(400, "MalformedXML", "You must specify at least one part")
        chosen: list[Part] = []
        for entry in entries:
            part = held.parts.get(int(entry.findtext("PartNumber", "0")))
            if part is None or entry.findtext("ETag", "").strip('"') != part.etag:
                raise ApiError(400, "InvalidPart", "One or more of the parts could not be found.")
            if chosen and part.number <= chosen[-1].number:
                raise ApiError(400, "InvalidPartOrder", "The parts were not in ascending order.")
            _check_part(held, part, entry)
            chosen.append(part)
        for part in chosen[:-1]:
            if len(part.data) < self._state.options.min_part_size:
                raise ApiError(
                    400,
                    "EntityTooSmall",
                    "Your proposed upload is smaller than the minimum allowed size",
                    details={"PartNumber": str(part.number), "ETag": part.etag},
                )
        return chosen

    def _assemble(self, held: Upload, parts: list[Part]) -> StoredObject:
        data = b"".join(part.data for part in parts)
        checksums: dict[str, str] = {}
        if held.algorithm and held.checksum_type == "FULL_OBJECT":
            checksums = {held.algorithm: b64(digest(held.algorithm, data))}
        elif held.algorithm:
            raw = b"".join(base64.b64decode(part.checksum or "") for part in parts)
            whole = b64(digest(held.algorithm, raw))
            checksums = {held.algorithm: f"{whole}-{len(parts)}"}
        stored = self._s3.make(held.key, data, held.headers, held.metadata, checksums)
        of_digests = digest("md5", b"".join(bytes.fromhex(part.etag) for part in parts))
        etag = f"{of_digests.hex()}-{len(parts)}"
        return replace(stored, etag=etag, checksum_type=held.checksum_type, components=len(parts))


def _check_part(held: Upload, part: Part, entry: Element) -> None:
    """A composite upload is completed with the checksum of every part."""
    if held.algorithm is None:
        return
    given = entry.findtext(f"Checksum{held.algorithm.upper()}")
    if given is None and held.checksum_type == "COMPOSITE":
        raise ApiError(
            400,
            "InvalidRequest",
            f"The upload was created using a {held.algorithm} checksum. The complete request must "
            f"include the checksum for each part. It was missing for part {part.number}.",
        )
    if given is not None and part.checksum is not None and unb64(given) != unb64(part.checksum):
        raise ApiError(400, "InvalidPart", "One or more of the parts could not be found.")


def _check_whole(request: Request, held: Upload, stored: StoredObject) -> None:
    """x-amz-mp-object-size and x-amz-checksum-*, if sent, describe the whole object."""
    size = request.headers.get("x-amz-mp-object-size")
    if size is not None and int(size) != len(stored.data):
        raise ApiError(400, "InvalidRequest", "x-amz-mp-object-size is not the sum of the parts.")
    for name in s3_auth.ALGORITHMS:
        given = request.headers.get(f"x-amz-checksum-{name}")
        if given is not None and given != stored.checksums.get(name):
            message = f"The {name} you specified did not match the calculated checksum."
            raise ApiError(400, "BadDigest", message)
