"""The S3 dialect, with boto3 as it comes."""

from __future__ import annotations

import base64
import hashlib
import urllib.error
import urllib.request
from datetime import datetime, timedelta, tzinfo
from functools import partial
from typing import TYPE_CHECKING, Any, Self

import pytest
from botocore.exceptions import ClientError

from tests.fakes import StrictCloud, s3_auth
from tests.fakes.tls import self_signed
from tests.fakes_selftest.clients import BUCKET, race, s3_client, s3_refusal

if TYPE_CHECKING:
    from pathlib import Path


def put(s3: Any, key: str, body: bytes = b"x", **more: Any) -> str:
    return str(s3.put_object(Bucket=BUCKET, Key=key, Body=body, **more)["ETag"])


def get(s3: Any, key: str, **more: Any) -> bytes:
    return bytes(s3.get_object(Bucket=BUCKET, Key=key, **more)["Body"].read())


AWKWARD = ["a b+c&d=e", "é/ü", "trailing/", "//double", "%41", "a\u2028b", "日本/💾", "..", "a'\"<"]


@pytest.mark.parametrize("key", AWKWARD)
def test_keys_and_metadata_come_back(cloud: StrictCloud, s3: Any, key: str) -> None:
    put(s3, key, b"bytes", Metadata={"call": "7", "note": "a  b"}, ContentType="text/x")
    assert cloud.objects("s3", BUCKET) == {key: b"bytes"}
    head = s3.head_object(Bucket=BUCKET, Key=key)
    assert head["Metadata"] == {"call": "7", "note": "a  b"}
    assert (head["ContentLength"], head["ContentType"]) == (5, "text/x")
    assert get(s3, key) == b"bytes"
    listed = s3.list_objects_v2(Bucket=BUCKET)["Contents"]
    assert [(o["Key"], o["Size"], o["ETag"]) for o in listed] == [(key, 5, head["ETag"])]
    s3.delete_object(Bucket=BUCKET, Key=key)
    assert cloud.objects("s3", BUCKET) == {}


def test_create_only(s3: Any) -> None:
    put(s3, "k", IfNoneMatch="*")
    refusal = s3_refusal(lambda: put(s3, "k", b"other", IfNoneMatch="*"))
    assert refusal == (412, "PreconditionFailed")
    assert get(s3, "k") == b"x"


def test_swap(s3: Any) -> None:
    assert s3_refusal(lambda: put(s3, "k", IfMatch='"0"')) == (404, "NoSuchKey")
    first = put(s3, "k", b"1")
    put(s3, "k", b"2", IfMatch=first)
    assert s3_refusal(lambda: put(s3, "k", b"3", IfMatch=first)) == (412, "PreconditionFailed")
    assert get(s3, "k") == b"2"
    both = s3_refusal(lambda: put(s3, "k", IfMatch=first, IfNoneMatch="*"))
    assert both == (501, "NotImplemented")


def test_sixteen_creates_one_winner(s3: Any) -> None:
    for turn in range(3):
        key = f"race/{turn}"

        def create(number: int, key: str = key) -> str:
            return put(s3, key, b"%d" % number, IfNoneMatch="*")

        won = race(create, ClientError)
        assert len(won) == 1
        assert get(s3, key) == b"%d" % won[0]


@pytest.mark.parametrize(
    ("wanted", "body"),
    [
        ("bytes=0-0", b"0"),
        ("bytes=2-4", b"234"),
        ("bytes=7-", b"789"),
        ("bytes=8-99", b"89"),
        ("bytes=-3", b"789"),
        ("bytes=-99", b"0123456789"),
    ],
)
def test_ranges(s3: Any, wanted: str, body: bytes) -> None:
    put(s3, "k", b"0123456789")
    answer = s3.get_object(Bucket=BUCKET, Key="k", Range=wanted)
    start = b"0123456789".index(body)
    assert answer["ContentRange"] == f"bytes {start}-{start + len(body) - 1}/10"
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 206
    assert answer["Body"].read() == body


def test_ranges_that_are_not_there(s3: Any) -> None:
    put(s3, "k", b"0123456789")
    put(s3, "empty", b"")
    for key, wanted in (("k", "bytes=10-"), ("k", "bytes=-0"), ("empty", "bytes=0-0")):
        refusal = s3_refusal(partial(get, s3, key, Range=wanted))
        assert refusal == (416, "InvalidRange")
    assert get(s3, "k", Range="bytes=5-2") == b"0123456789"


def test_conditional_reads(s3: Any) -> None:
    etag = put(s3, "k", b"1")
    assert get(s3, "k", IfMatch=etag) == b"1"
    put(s3, "k", b"2")
    assert s3_refusal(lambda: get(s3, "k", IfMatch=etag)) == (412, "PreconditionFailed")
    assert s3_refusal(lambda: get(s3, "k", IfNoneMatch=put(s3, "k")))[0] == 304


def test_absent(s3: Any) -> None:
    assert s3_refusal(lambda: get(s3, "k")) == (404, "NoSuchKey")
    assert s3_refusal(lambda: s3.head_object(Bucket=BUCKET, Key="k")) == (404, "404")
    s3.delete_object(Bucket=BUCKET, Key="k")
    for call in (
        lambda: s3.put_object(Bucket="absent", Key="k", Body=b""),
        lambda: s3.get_object(Bucket="absent", Key="k"),
        lambda: s3.list_objects_v2(Bucket="absent"),
        lambda: s3.create_multipart_upload(Bucket="absent", Key="k"),
    ):
        assert s3_refusal(call) == (404, "NoSuchBucket")
    assert s3_refusal(lambda: s3.head_bucket(Bucket="absent")) == (404, "404")


def test_buckets(s3: Any) -> None:
    s3.create_bucket(Bucket="other")
    refusal = s3_refusal(lambda: s3.create_bucket(Bucket="other"))
    assert refusal == (409, "BucketAlreadyOwnedByYou")
    s3.head_bucket(Bucket="other")
    put(s3, "k")
    assert s3_refusal(lambda: s3.delete_bucket(Bucket=BUCKET)) == (409, "BucketNotEmpty")
    s3.delete_bucket(Bucket="other")


def test_conditional_delete(s3: Any) -> None:
    old = put(s3, "k", b"1")
    new = put(s3, "k", b"2")

    def delete(**more: Any) -> None:
        s3.delete_object(Bucket=BUCKET, Key="k", **more)

    assert s3_refusal(lambda: delete(IfMatch=old)) == (412, "PreconditionFailed")
    delete(IfMatch=new)
    assert s3_refusal(lambda: delete(IfMatch=new)) == (404, "NoSuchKey")
    put(s3, "k")
    delete(IfMatch="*")
    delete()


def test_delete_many(cloud: StrictCloud, s3: Any) -> None:
    put(s3, "a")
    put(s3, "b")
    wanted = {"Objects": [{"Key": "a"}, {"Key": "absent"}]}
    answer = s3.delete_objects(Bucket=BUCKET, Delete=wanted)
    assert [entry["Key"] for entry in answer["Deleted"]] == ["a", "absent"]
    assert list(cloud.objects("s3", BUCKET)) == ["b"]


ALGORITHMS = ["CRC32", "SHA1", "SHA256"]


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_checksums_are_kept_and_returned(s3: Any, algorithm: str) -> None:
    put(s3, "k", b"abc", ChecksumAlgorithm=algorithm)
    answer = s3.get_object(Bucket=BUCKET, Key="k", ChecksumMode="ENABLED")
    assert answer[f"Checksum{algorithm}"]
    assert answer["ChecksumType"] == "FULL_OBJECT"
    assert "ChecksumCRC32" not in s3.get_object(Bucket=BUCKET, Key="k", Range="bytes=0-1")


def test_wrong_checksums_are_refused(cloud: StrictCloud, s3: Any) -> None:
    other = hashlib.md5(b"other", usedforsecurity=False).digest()
    wrong = {
        "ContentMD5": base64.b64encode(other).decode(),
        "ChecksumCRC32": base64.b64encode(bytes(4)).decode(),
        "ChecksumCRC32C": base64.b64encode(bytes(4)).decode(),
        "ChecksumCRC64NVME": base64.b64encode(bytes(8)).decode(),
        "ChecksumSHA1": base64.b64encode(bytes(20)).decode(),
        "ChecksumSHA256": base64.b64encode(bytes(32)).decode(),
    }
    for name, value in wrong.items():
        refusal = s3_refusal(partial(put, s3, "k", b"abc", **{name: value}))
        assert refusal == (400, "BadDigest"), name
    assert s3_refusal(lambda: put(s3, "k", b"abc", ContentMD5="AAAA")) == (400, "InvalidDigest")
    assert cloud.objects("s3", BUCKET) == {}


def test_right_checksums_are_accepted(s3: Any) -> None:
    # The check value of CRC-64/NVME, from the catalogue of parametrised CRC algorithms.
    crc64 = base64.b64encode(0xAE8B14860A799888.to_bytes(8, "big")).decode()
    put(s3, "k", b"123456789", ChecksumCRC64NVME=crc64)
    crc32c = base64.b64encode(0xE3069283.to_bytes(4, "big")).decode()
    put(s3, "k", b"123456789", ChecksumCRC32C=crc32c)


def test_listing_pages(cloud: StrictCloud, s3: Any) -> None:
    keys = sorted([f"p/{n:03}" for n in range(25)] + ["p/é", "p/\uffff", "p/💾", "q"])
    for key in keys:
        put(s3, key)
    cloud.options.page_size = 10
    pages = list(s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix="p/"))
    assert [page["KeyCount"] for page in pages] == [10, 10, 8]
    assert [o["Key"] for page in pages for o in page["Contents"]] == keys[:-1]
    after = s3.list_objects_v2(Bucket=BUCKET, StartAfter="p/023", MaxKeys=3)
    assert [o["Key"] for o in after["Contents"]] == ["p/024", "p/é", "p/\uffff"]
    assert after["IsTruncated"] is True
    assert s3.list_objects_v2(Bucket=BUCKET, MaxKeys=0)["KeyCount"] == 0
    bad = s3_refusal(lambda: s3.list_objects_v2(Bucket=BUCKET, ContinuationToken="zz"))
    assert bad == (400, "InvalidArgument")


@pytest.mark.parametrize("page_size", [1, 2, 1000])
def test_listing_directories(cloud: StrictCloud, s3: Any, page_size: int) -> None:
    for key in ("a/1", "a/2", "a/b/3", "a", "ab/1", "ab/2", "b"):
        put(s3, key)
    cloud.options.page_size = page_size

    def walk(prefix: str) -> tuple[list[str], list[str]]:
        pages = s3.get_paginator("list_objects_v2").paginate(
            Bucket=BUCKET, Prefix=prefix, Delimiter="/"
        )
        keys: list[str] = []
        prefixes: list[str] = []
        for page in pages:
            keys += [o["Key"] for o in page.get("Contents", [])]
            prefixes += [p["Prefix"] for p in page.get("CommonPrefixes", [])]
        return keys, prefixes

    assert walk("") == (["a", "b"], ["a/", "ab/"])
    assert walk("a/") == (["a/1", "a/2"], ["a/b/"])


def test_who_is_let_in(cloud: StrictCloud) -> None:
    for key, secret, code in (
        ("nobody", "test", "InvalidAccessKeyId"),
        ("test", "wrong", "SignatureDoesNotMatch"),
        ("denied", "test", "AccessDenied"),
    ):
        client = s3_client(cloud, key=key, secret=secret)
        assert s3_refusal(partial(put, client, "k")) == (403, code)
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(f"{cloud.s3_endpoint}/{BUCKET}/k")


class Later(datetime):
    """The clock of a server that is an hour ahead."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Self:
        return super().now(tz) + timedelta(hours=1)


def test_presigned(s3: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    put(s3, "a b/é", b"signed")
    wanted = {"Bucket": BUCKET, "Key": "a b/é"}
    url = s3.generate_presigned_url("get_object", Params=wanted, ExpiresIn=60)
    with urllib.request.urlopen(url) as answer:
        assert answer.read() == b"signed"
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(url.replace("X-Amz-Expires=60", "X-Amz-Expires=61"))
    monkeypatch.setattr(s3_auth, "datetime", Later)
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(url)
    assert s3_refusal(lambda: put(s3, "k")) == (403, "RequestTimeTooSkewed")


def test_what_is_not_built_is_refused(s3: Any) -> None:
    put(s3, "k")
    for call in (
        lambda: s3.copy_object(Bucket=BUCKET, Key="c", CopySource=f"{BUCKET}/k"),
        lambda: put(s3, "k", Tagging="a=b"),
        lambda: s3.get_object(Bucket=BUCKET, Key="k", VersionId="1"),
        lambda: s3.list_objects(Bucket=BUCKET),
    ):
        assert s3_refusal(call) == (501, "NotImplemented")
    assert s3_refusal(lambda: put(s3, "k" * 1025)) == (400, "KeyTooLongError")
    large = s3_refusal(lambda: put(s3, "k", Metadata={"a": "b" * 2048}))
    assert large == (400, "MetadataTooLarge")


def test_trailing_checksums_over_tls(tmp_path: Path) -> None:
    """Over HTTPS boto3 sends aws-chunked bodies with the checksum in a trailer."""
    context, trusted = self_signed(tmp_path)
    with StrictCloud(tls=context) as cloud:
        cloud.create_bucket("s3", BUCKET)
        s3 = s3_client(cloud, verify=str(trusted))
        body = bytes(range(256)) * 10_000  # more than one chunk
        put(s3, "k", body, IfNoneMatch="*")
        put(s3, "empty", b"")
        assert cloud.objects("s3", BUCKET) == {"k": body, "empty": b""}
        sent = cloud.requests[0].headers
        assert sent["x-amz-content-sha256"] == "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
        assert sent["x-amz-trailer"] == "x-amz-checksum-crc32"
        assert get(s3, "k") == body
        assert "content-encoding" not in cloud.stored("s3", BUCKET, "k").headers

        def damage(request: Any, **_: Any) -> None:
            request.body.seek(0)
            raw = request.body.read()
            request.body = raw.replace(b"\x00\x01\x02", b"\x00\xff\x02", 1)

        s3.meta.events.register("before-send.s3.PutObject", damage)
        assert s3_refusal(lambda: put(s3, "damaged", body)) == (400, "BadDigest")
        assert "damaged" not in cloud.objects("s3", BUCKET)
