"""Amazon S3, and what speaks its protocol.

Relied on, by title of the Amazon S3 documentation:

- "How to prevent object overwrites with conditional writes": ``If-None-Match: *`` and
  ``If-Match`` on PutObject and CompleteMultipartUpload. 412 means that the condition does not
  hold, 404 that the object to update is gone, 409 ConditionalRequestConflict that another write
  is under way: start again, with the parts.
- "How to perform conditional deletes": ``If-Match`` on DeleteObject; 404 if there is nothing.
- "Checking object integrity in Amazon S3": a CRC-32 goes with every object and part. That of an
  uploaded object is of the "full object" type: completion then may name the parts' own, but
  need not, as not every server lists them to an upload that is resumed.
- "Multipart upload limits" and "Error responses" (API Reference). The answer to HEAD has no
  body and so no error code.
- "ListObjectsV2": in order of UTF-8 bytes, a thousand at a time.

boto3 is botocore with resources and managed transfers, which know no conditions on writes: this
driver takes its client from botocore itself.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from urllib.parse import quote

from botocore import exceptions as sdk
from botocore.exceptions import ClientError
from botocore.response import StreamingBody

from providers._s3_diagnosis import S3Diagnosis
from providers._s3_http import Wire
from providers._s3_meta import META, completed, crc32, described, listed, quoted, tag, written
from providers.emptying import OldVersion
from providers.errors import ErrorKind
from providers.model import (
    MIB,
    ByteRange,
    Capabilities,
    Listing,
    ObjectMeta,
    Part,
    PartLimits,
    PutMode,
    Read,
    Version,
)

__all__ = ["S3Driver", "open_driver"]

_LIMITS = PartLimits(min_size=5 * MIB, max_size=5 * 1024 * MIB, max_count=10_000)
_CHUNK = MIB
_CHECKSUM = "x-amz-checksum-crc32"


def open_driver(
    bucket: str, *, endpoint: str | None = None, timeout: float = 60.0, connections: int = 32
) -> "S3Driver":
    """Open a bucket; nothing is sent until it is used.

    Args:
        bucket: its name.
        endpoint: URL of another server than AWS; else AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL or
            the profile's, as in every AWS tool.
        timeout: seconds to connect, and seconds without a byte.
        connections: how many are kept open.

    """
    return S3Driver(Wire(bucket, endpoint=endpoint, timeout=timeout, connections=connections))


class S3Driver:
    """One bucket."""

    capabilities = Capabilities(
        presign=True,
        server_checksum="crc32",
        conditional_delete=True,
        lists_metadata=False,
        parts=_LIMITS,
    )

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._bucket = wire.bucket
        self.url = f"s3://{wire.bucket}"
        self.diagnosis = S3Diagnosis(wire)

    def __repr__(self) -> str:
        return f"S3Driver({self.url!r})"

    def classify(self, error: Exception) -> ErrorKind | None:
        """Return the kind of an error of botocore's."""
        match error:
            case ClientError():
                return _classify_answer(error)
            case (
                sdk.NoCredentialsError()
                | sdk.PartialCredentialsError()
                | sdk.CredentialRetrievalError()
                | sdk.TokenRetrievalError()
                | sdk.SSOError()
                | sdk.ProfileNotFound()
            ):
                return ErrorKind.UNAUTHENTICATED
            case sdk.HTTPClientError() | sdk.ConnectionError() | sdk.IncompleteReadError():
                return ErrorKind.UNAVAILABLE
            case sdk.BotoCoreError():
                return ErrorKind.OTHER
        return None

    def put(
        self, key: str, body: bytes, *, mode: PutMode, metadata: Mapping[str, str]
    ) -> ObjectMeta:
        """Write an object in one request."""
        headers = {META + name: value for name, value in metadata.items()}
        headers[_CHECKSUM] = crc32(body)
        if mode == "create":
            headers["if-none-match"] = "*"
        elif isinstance(mode, Version):
            headers["if-match"] = quoted(mode)
        with _condition_named(mode):
            answer = self._wire.send("PutObject", "PUT", key, headers=headers, body=body)
        return written(key, len(body), answer.headers["etag"], metadata)

    def start_upload(self, key: str, *, metadata: Mapping[str, str]) -> str:
        """Begin a multipart upload."""
        answer = self._wire.client.create_multipart_upload(
            Bucket=self._bucket,
            Key=key,
            Metadata=dict(metadata),
            ChecksumAlgorithm="CRC32",
            ChecksumType="FULL_OBJECT",
        )
        return str(answer["UploadId"])

    def put_part(self, key: str, upload: str, number: int, offset: int, body: bytes) -> Part:
        """Send a part."""
        answer = self._wire.send(
            "UploadPart",
            "PUT",
            key,
            query=f"partNumber={number}&uploadId={quote(upload, safe='')}",
            headers={_CHECKSUM: crc32(body)},
            body=body,
        )
        confirmed = tag(answer.headers["etag"], answer.headers.get(_CHECKSUM))
        return Part(number, len(body), confirmed)

    def list_parts(self, key: str, upload: str) -> Sequence[Part]:
        """Return the parts that S3 holds."""
        parts: list[Part] = []
        request = {"Bucket": self._bucket, "Key": key, "UploadId": upload}
        while True:
            page = self._wire.client.list_parts(**request)
            parts += (
                Part(part["PartNumber"], part["Size"], tag(part["ETag"], part.get("ChecksumCRC32")))
                for part in page.get("Parts", ())
            )
            if not page.get("IsTruncated"):
                return parts
            request["PartNumberMarker"] = page["NextPartNumberMarker"]

    def finish_upload(
        self,
        key: str,
        upload: str,
        parts: Sequence[Part],
        *,
        mode: PutMode,
        metadata: Mapping[str, str],
    ) -> ObjectMeta:
        """Complete a multipart upload."""
        condition: dict[str, str] = {}
        if mode == "create":
            condition["IfNoneMatch"] = "*"
        elif isinstance(mode, Version):
            condition["IfMatch"] = quoted(mode)
        with _condition_named(mode):
            answer = self._wire.client.complete_multipart_upload(
                Bucket=self._bucket,
                Key=key,
                UploadId=upload,
                MultipartUpload={"Parts": [completed(part) for part in parts]},
                **condition,
            )
        return written(key, sum(part.size for part in parts), answer["ETag"], metadata)

    def abort_upload(self, key: str, upload: str) -> None:
        """Give the parts up."""
        try:
            self._wire.client.abort_multipart_upload(Bucket=self._bucket, Key=key, UploadId=upload)
        except ClientError as error:
            if error.response["Error"].get("Code") != "NoSuchUpload":
                raise

    @contextmanager
    def get(
        self, key: str, *, range: ByteRange | None = None, if_match: Version | None = None
    ) -> Iterator[Read]:
        """Read an object or a range of it."""
        headers: dict[str, str] = {}
        if range is not None:
            headers["range"] = f"bytes={range.start}-{'' if range.end is None else range.end - 1}"
        if if_match is not None:
            headers["if-match"] = quoted(if_match)
        answer = self._wire.send("GetObject", "GET", key, headers=headers, stream=True)
        body = StreamingBody(answer.raw, answer.headers.get("content-length"))
        try:
            yield Read(described(key, answer.headers), body.iter_chunks(_CHUNK))
        finally:
            # A body read to its end has given its connection back; another cannot be reused.
            answer.raw.close()

    def head(self, key: str) -> ObjectMeta:
        """Return what S3 knows of an object."""
        try:
            answer = self._wire.send("HeadObject", "HEAD", key, headers={})
        except ClientError as error:
            status = error.response["ResponseMetadata"]["HTTPStatusCode"]
            if status in (400, 403) or (status == 404 and not self._wire.bucket_seen):  # noqa: PLR2004
                # Only a body tells a missing bucket from a missing object, or an expired
                # token from a bad request; GET needs the same permission and has one.
                with self.get(key, range=ByteRange(0, 1)):
                    pass
            raise
        return described(key, answer.headers)

    def delete(self, key: str, *, if_match: Version | None = None) -> None:
        """Remove an object."""
        headers = {} if if_match is None else {"if-match": quoted(if_match)}
        try:
            self._wire.send("DeleteObject", "DELETE", key, headers=headers)
        except ClientError as error:
            if error.response["Error"].get("Code") != "NoSuchKey":
                raise

    def list(self, prefix: str, *, start_after: str | None = None) -> Iterator[ObjectMeta]:
        """Yield the objects under a prefix, in the order of UTF-8."""
        after = {"StartAfter": start_after} if start_after is not None else {}
        for page in self._pages(Prefix=prefix, **after):
            for entry in page.get("Contents", ()):
                yield listed(entry)

    def list_dir(self, prefix: str) -> Listing:
        """Return one level."""
        objects: list[ObjectMeta] = []
        prefixes: list[str] = []
        for page in self._pages(Prefix=prefix, Delimiter="/"):
            objects += (listed(entry) for entry in page.get("Contents", ()))
            prefixes += (entry["Prefix"] for entry in page.get("CommonPrefixes", ()))
        return Listing(tuple(objects), tuple(prefixes))

    def versions(self) -> Iterator[Sequence[OldVersion]]:
        """Yield all versions and marks of deletions, a page at a time."""
        pages = self._wire.client.get_paginator("list_object_versions").paginate(
            Bucket=self._bucket
        )
        for page in pages:
            entries = [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
            if entries:
                yield [OldVersion(each["Key"], each["VersionId"]) for each in entries]

    def delete_versions(self, page: Sequence[OldVersion]) -> None:
        """Remove them for good, all in one request."""
        listed = [{"Key": each.key, "VersionId": each.id} for each in page]
        answer = self._wire.client.delete_objects(
            Bucket=self._bucket, Delete={"Objects": listed, "Quiet": True}
        )
        for refused in answer.get("Errors", ()):
            # One of them stands for all; its status is the one that S3 gives it when asked alone.
            status = 403 if refused.get("Code") == "AccessDenied" else 200
            raise ClientError(
                {"Error": refused, "ResponseMetadata": {"HTTPStatusCode": status}}, "DeleteObjects"
            )

    def presign(self, key: str, *, expires: timedelta) -> str:
        """Return a URL that reads the object; seven days at most."""
        return str(
            self._wire.client.generate_presigned_url(
                "get_object",
                Params={"Bucket": self._bucket, "Key": key},
                ExpiresIn=int(expires.total_seconds()),
            )
        )

    def refuses_wrong_checksum(self, key: str) -> bool:
        """Send one byte under the CRC-32 of another."""
        headers = {_CHECKSUM: crc32(b"0")}
        try:
            self._wire.send("PutObject", "PUT", key, headers=headers, body=b"1")
        except ClientError as error:
            if self.classify(error) is ErrorKind.INTEGRITY:
                return True
            raise
        self.delete(key)
        return False

    def close(self) -> None:
        """Close connections."""
        self._wire.close()

    def _pages(self, **request: Any) -> Iterator[dict[str, Any]]:
        while True:
            page = self._wire.client.list_objects_v2(Bucket=self._bucket, **request)
            yield page
            if not page.get("IsTruncated"):
                return
            request["ContinuationToken"] = page["NextContinuationToken"]


def _classify_answer(error: ClientError) -> ErrorKind:
    details = error.response["Error"]
    status = error.response["ResponseMetadata"].get("HTTPStatusCode", 0)
    match details.get("Code"):
        case "NoSuchBucket":
            return ErrorKind.BUCKET_NOT_FOUND
        case "NoSuchKey" | "NoSuchUpload" | "InvalidPart":
            return ErrorKind.NOT_FOUND
        case "PreconditionFailed" if details.get("Condition") == "If-None-Match":
            return ErrorKind.ALREADY_EXISTS
        case "ConditionalRequestConflict" | "OperationAborted":
            return ErrorKind.CONFLICT
        case "BadDigest" | "InvalidDigest" | "XAmzContentSHA256Mismatch":
            return ErrorKind.INTEGRITY
        case (
            "InvalidAccessKeyId"
            | "SignatureDoesNotMatch"
            | "ExpiredToken"
            | "InvalidToken"
            | "TokenRefreshRequired"
        ):
            return ErrorKind.UNAUTHENTICATED
        case "RequestTimeTooSkewed":
            return ErrorKind.CLOCK
        case "QuotaExceeded" | "InsufficientStorageSpace":  # Ceph's and Huawei's; AWS has none
            return ErrorKind.QUOTA
        case "SlowDown" | "Throttling" | "ThrottlingException" | "RequestLimitExceeded" | "503":
            return ErrorKind.THROTTLED  # "503": the answer to HEAD has no body that says more
        case "RequestTimeout" | "IncompleteBody" | "InternalError" | "ServiceUnavailable":
            return ErrorKind.UNAVAILABLE
        case "KeyTooLongError":
            return ErrorKind.INVALID_KEY
    return _STATUS.get(status, ErrorKind.UNAVAILABLE if status >= 500 else ErrorKind.OTHER)  # noqa: PLR2004


_STATUS = {
    401: ErrorKind.UNAUTHENTICATED,
    403: ErrorKind.PERMISSION_DENIED,
    404: ErrorKind.NOT_FOUND,
    412: ErrorKind.PRECONDITION,
    416: ErrorKind.RANGE,
    429: ErrorKind.THROTTLED,
    501: ErrorKind.UNSUPPORTED,
    # RFC 4918, section 11.5: not to be asked again by itself. MinIO's XMinioStorageFull.
    507: ErrorKind.QUOTA,
}


@contextmanager
def _condition_named(mode: PutMode) -> Iterator[None]:
    """Add to a refusal which condition it was, as AWS does and others do not."""
    try:
        yield
    except ClientError as error:
        if mode == "create":
            error.response["Error"]["Condition"] = "If-None-Match"
        raise
