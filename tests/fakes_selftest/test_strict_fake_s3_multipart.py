"""S3 multipart uploads: nothing before completion, everything judged at completion."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from tests.fakes_selftest.clients import BUCKET, race, s3_refusal

if TYPE_CHECKING:
    from tests.fakes import StrictCloud

MIB = 1024 * 1024


class Upload:
    """A multipart upload as a driver runs it."""

    def __init__(self, s3: Any, key: str, algorithm: str | None = "CRC32", **more: Any) -> None:
        self.s3 = s3
        self.algorithm = algorithm
        if algorithm:
            more["ChecksumAlgorithm"] = algorithm
        made = s3.create_multipart_upload(Bucket=BUCKET, Key=key, **more)
        self.name = {"Bucket": BUCKET, "Key": key, "UploadId": made["UploadId"]}
        self.parts: list[dict[str, Any]] = []

    def part(self, number: int, body: bytes, **more: Any) -> None:
        if self.algorithm:
            more["ChecksumAlgorithm"] = self.algorithm
        done = self.s3.upload_part(**self.name, PartNumber=number, Body=body, **more)
        checksums = {name: value for name, value in done.items() if name.startswith("Checksum")}
        self.parts.append({"PartNumber": number, "ETag": done["ETag"], **checksums})

    def complete(self, **more: Any) -> str:
        wanted = {"Parts": more.pop("parts", self.parts)}
        answer = self.s3.complete_multipart_upload(**self.name, MultipartUpload=wanted, **more)
        return str(answer["ETag"])


def test_upload(cloud: StrictCloud, s3: Any) -> None:
    upload = Upload(s3, "k", Metadata={"call": "7"}, ContentType="text/x")
    upload.part(2, b"tail")
    upload.part(1, b"a" * 5 * MIB)
    assert cloud.objects("s3", BUCKET) == {}
    assert cloud.pending_uploads("s3", BUCKET) == ["k"]
    upload.parts.reverse()
    etag = upload.complete(IfNoneMatch="*")
    assert etag.endswith('-2"')
    assert cloud.objects("s3", BUCKET) == {"k": b"a" * 5 * MIB + b"tail"}
    assert cloud.pending_uploads("s3", BUCKET) == []
    head = s3.head_object(Bucket=BUCKET, Key="k", ChecksumMode="ENABLED")
    assert (head["ETag"], head["Metadata"], head["ContentType"]) == (etag, {"call": "7"}, "text/x")
    assert (head["ChecksumCRC32"][-2:], head["ChecksumType"]) == ("-2", "COMPOSITE")


def test_managed_transfer(cloud: StrictCloud, s3: Any) -> None:
    body = bytes(range(256)) * 4096 * 9 + b"!"
    s3.upload_fileobj(io.BytesIO(body), BUCKET, "k")
    assert cloud.objects("s3", BUCKET) == {"k": body}
    back = io.BytesIO()
    s3.download_fileobj(BUCKET, "k", back)
    assert back.getvalue() == body


def test_conditions_at_completion(cloud: StrictCloud, s3: Any) -> None:
    first, second = Upload(s3, "k"), Upload(s3, "k")
    first.part(1, b"first")
    second.part(1, b"second")
    etag = first.complete(IfNoneMatch="*")
    lost = s3_refusal(lambda: second.complete(IfNoneMatch="*"))
    assert lost == (412, "PreconditionFailed")
    assert cloud.objects("s3", BUCKET) == {"k": b"first"}
    stale = s3_refusal(lambda: second.complete(IfMatch='"0"'))
    assert stale == (412, "PreconditionFailed")
    second.complete(IfMatch=etag)
    assert cloud.objects("s3", BUCKET) == {"k": b"second"}
    third = Upload(s3, "absent")
    third.part(1, b"")
    assert s3_refusal(lambda: third.complete(IfMatch=etag)) == (404, "NoSuchKey")


def test_sixteen_completions_one_winner(cloud: StrictCloud, s3: Any) -> None:
    uploads = [Upload(s3, "k") for _ in range(16)]
    for number, upload in enumerate(uploads):
        upload.part(1, b"%d" % number)
    won = race(lambda n: uploads[n].complete(IfNoneMatch="*"), ClientError)
    assert len(won) == 1
    assert cloud.objects("s3", BUCKET) == {"k": b"%d" % won[0]}


def test_part_rules(cloud: StrictCloud, s3: Any) -> None:
    upload = Upload(s3, "k")
    upload.part(1, b"a" * (5 * MIB - 1))
    upload.part(2, b"b")
    assert s3_refusal(upload.complete) == (400, "EntityTooSmall")
    backwards = s3_refusal(lambda: upload.complete(parts=upload.parts[::-1]))
    assert backwards == (400, "InvalidPartOrder")
    unknown = [{**upload.parts[0], "PartNumber": 3}]
    assert s3_refusal(lambda: upload.complete(parts=unknown)) == (400, "InvalidPart")
    other = [{**upload.parts[0], "ETag": upload.parts[1]["ETag"]}]
    assert s3_refusal(lambda: upload.complete(parts=other)) == (400, "InvalidPart")
    assert s3_refusal(lambda: upload.complete(parts=[])) == (400, "MalformedXML")
    assert s3_refusal(lambda: upload.part(10_001, b"")) == (400, "InvalidArgument")
    assert s3_refusal(lambda: upload.part(0, b"")) == (400, "InvalidArgument")
    cloud.options.min_part_size = 1
    upload.complete()


def test_checksum_rules(s3: Any) -> None:
    upload = Upload(s3, "k")
    wrong = s3_refusal(lambda: upload.part(1, b"abc", ChecksumCRC32="AAAAAA=="))
    assert wrong == (400, "BadDigest")
    upload.part(1, b"abc")
    bare = [{name: upload.parts[0][name] for name in ("PartNumber", "ETag")}]
    assert s3_refusal(lambda: upload.complete(parts=bare)) == (400, "InvalidRequest")
    false = [{**upload.parts[0], "ChecksumCRC32": "AAAAAA=="}]
    assert s3_refusal(lambda: upload.complete(parts=false)) == (400, "InvalidPart")
    size = s3_refusal(lambda: upload.complete(MpuObjectSize=4))
    assert size == (400, "InvalidRequest")
    upload.complete(MpuObjectSize=3)


def test_the_algorithm_is_settled_at_creation(s3: Any) -> None:
    """boto3 adds CRC32 to every part by itself: the upload has to be created with it."""
    silent = Upload(s3, "k", None)
    assert s3_refusal(lambda: silent.part(1, b"abc")) == (400, "InvalidRequest")
    other = Upload(s3, "k", "SHA256")
    other.algorithm = "CRC32"
    assert s3_refusal(lambda: other.part(1, b"abc")) == (400, "InvalidRequest")


def test_full_object_checksum(s3: Any) -> None:
    upload = Upload(s3, "k", ChecksumType="FULL_OBJECT")
    upload.part(1, b"123456789")
    wrong = s3_refusal(
        lambda: upload.complete(ChecksumCRC32="AAAAAA==", ChecksumType="FULL_OBJECT")
    )
    assert wrong == (400, "BadDigest")
    upload.complete(ChecksumCRC32="y/Q5Jg==", ChecksumType="FULL_OBJECT")  # 0xCBF43926
    assert s3.get_object(Bucket=BUCKET, Key="k")["ChecksumCRC32"] == "y/Q5Jg=="


def test_part_again_replaces_it(cloud: StrictCloud, s3: Any) -> None:
    upload = Upload(s3, "k")
    upload.part(1, b"old")
    upload.part(1, b"new")
    assert s3_refusal(lambda: upload.complete(parts=upload.parts[:1])) == (400, "InvalidPart")
    upload.complete(parts=upload.parts[1:])
    assert cloud.objects("s3", BUCKET) == {"k": b"new"}


def test_abort_and_unknown(cloud: StrictCloud, s3: Any) -> None:
    upload = Upload(s3, "k")
    upload.part(1, b"abc")
    s3.abort_multipart_upload(**upload.name)
    assert cloud.pending_uploads("s3", BUCKET) == []
    for call in (
        upload.complete,
        lambda: upload.part(1, b"abc"),
        lambda: s3.list_parts(**upload.name),
        lambda: s3.abort_multipart_upload(**upload.name),
    ):
        assert s3_refusal(call) == (404, "NoSuchUpload")


@pytest.mark.parametrize("mode", ["idempotent", "no_such_upload"])
def test_completion_repeated(cloud: StrictCloud, s3: Any, mode: str) -> None:
    cloud.options.repeat_complete = mode
    upload = Upload(s3, "k")
    upload.part(1, b"abc")
    etag = upload.complete()
    if mode == "idempotent":
        assert upload.complete() == etag
        return
    assert s3_refusal(upload.complete) == (404, "NoSuchUpload")


def test_lists(cloud: StrictCloud, s3: Any) -> None:
    uploads = [Upload(s3, key) for key in ("a", "b", "b", "c é")]
    for number in range(1, 6):
        uploads[0].part(number, b"%d" % number)
    cloud.options.page_size = 2
    pages = list(s3.get_paginator("list_parts").paginate(**uploads[0].name))
    assert [[p["PartNumber"] for p in page["Parts"]] for page in pages] == [[1, 2], [3, 4], [5]]
    parts = [part for page in pages for part in page["Parts"]]
    assert [(p["ETag"], p["ChecksumCRC32"]) for p in parts] == [
        (p["ETag"], p["ChecksumCRC32"]) for p in uploads[0].parts
    ]
    pages = list(s3.get_paginator("list_multipart_uploads").paginate(Bucket=BUCKET))
    found = [(u["Key"], u["UploadId"]) for page in pages for u in page["Uploads"]]
    assert found == [(u.name["Key"], u.name["UploadId"]) for u in uploads]
    only = s3.list_multipart_uploads(Bucket=BUCKET, Prefix="b")["Uploads"]
    assert [u["Key"] for u in only] == ["b", "b"]
