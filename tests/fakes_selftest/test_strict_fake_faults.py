"""Every kind of fault, as each SDK meets it; and the rule that every fault has to fire."""

from __future__ import annotations

import threading
import time
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
import requests
from azure.core.exceptions import AzureError, HttpResponseError, ResourceExistsError
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionClosedError,
    FlexibleChecksumError,
    IncompleteReadError,
    ReadTimeoutError,
    ResponseStreamingError,
)
from google.api_core.exceptions import GoogleAPICallError, PreconditionFailed
from google.cloud.storage.exceptions import DataCorruption
from google.cloud.storage.retry import DEFAULT_RETRY

from tests.fakes import Fault, StrictCloud, faults
from tests.fakes_selftest.clients import (
    BUCKET,
    azure_refusal,
    azure_service,
    gcs_bucket,
    gcs_refusal,
    s3_client,
    s3_refusal,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from azure.storage.blob import ContainerClient

    from tests.fakes.connection import LoggedRequest
    from tests.fakes.faults import Action

WRITES = {"s3": "PutObject", "gcs": "objects.insert", "azure": "PutBlob"}
READS = {"s3": "GetObject", "gcs": "objects.download", "azure": "GetBlob"}
DIALECTS = list(WRITES)
BROKEN = (BotoCoreError, requests.exceptions.RequestException, AzureError)
REFUSED = (ClientError, GoogleAPICallError, HttpResponseError)
EASY = DEFAULT_RETRY.with_delay(initial=0.01, maximum=0.02).with_timeout(10)


class Sdk:
    """Create-only put and get, through each SDK alike; `attempts` above 1 turns retries on."""

    def __init__(
        self, cloud: StrictCloud, dialect: str, attempts: int = 1, timeout: float = 30
    ) -> None:
        self._timeout = timeout
        self._dialect = dialect
        self._retry = EASY if attempts > 1 else None
        self.s3 = s3_client(cloud, attempts=attempts, read_timeout=timeout)
        connection = cloud.azure_connection_string
        self._azure = azure_service(connection, attempts=attempts).get_container_client(BUCKET)
        self._gcs = gcs_bucket(cloud)

    def put(self, key: str, body: bytes) -> None:
        if self._dialect == "s3":
            self.s3.put_object(Bucket=BUCKET, Key=key, Body=body, IfNoneMatch="*")
        elif self._dialect == "gcs":
            blob = self._gcs.blob(key)
            blob.upload_from_string(
                body, if_generation_match=0, retry=self._retry, timeout=self._timeout
            )
        else:
            self._azure.upload_blob(key, body, read_timeout=self._timeout)

    def get(self, key: str) -> bytes:
        if self._dialect == "s3":
            return bytes(self.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read())
        if self._dialect == "gcs":
            blob = self._gcs.blob(key)
            return bytes(
                blob.download_as_bytes(retry=self._retry, timeout=self._timeout, checksum=None)
            )
        blob = self._azure.get_blob_client(key)
        return bytes(blob.download_blob(read_timeout=self._timeout).readall())


def on_write(action: Action, dialect: str, **more: Any) -> Fault:
    return Fault(action, dialect=dialect, operation=WRITES[dialect], **more)


def on_read(action: Action, dialect: str, **more: Any) -> Fault:
    return Fault(action, dialect=dialect, operation=READS[dialect], **more)


def writes(cloud: StrictCloud, dialect: str) -> list[LoggedRequest]:
    """Return the logged writes: Google's SDK asks about the bucket by itself, at any time."""
    return [entry for entry in cloud.requests if entry.operation == WRITES[dialect]]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_lost_response_is_committed(cloud: StrictCloud, dialect: str) -> None:
    cloud.script(on_write(faults.lose_response(), dialect, key="k*"))
    with pytest.raises(BROKEN):
        Sdk(cloud, dialect).put("k1", b"mine")
    assert cloud.objects(dialect, BUCKET) == {"k1": b"mine"}
    assert [(r.fault, r.key) for r in writes(cloud, dialect)] == [("lose_response", "k1")]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_an_sdk_that_retries_meets_its_own_write(cloud: StrictCloud, dialect: str) -> None:
    """A conditional write is not idempotent under the SDKs' own retries.

    The first answer is lost, the SDK sends the same write again by itself, and is told that
    somebody created the object: it was the SDK. That is why the storage layer puts a call id
    into the metadata of every conditional write, and looks for it when it is told "exists".
    """
    cloud.script(on_write(faults.lose_response(), dialect))
    with pytest.raises((ClientError, PreconditionFailed, ResourceExistsError)) as caught:
        Sdk(cloud, dialect, attempts=3).put("k", b"mine")
    code = getattr(caught.value, "status_code", None) or getattr(caught.value, "code", None)
    if isinstance(caught.value, ClientError):
        code = caught.value.response["ResponseMetadata"]["HTTPStatusCode"]
    assert code == (409 if dialect == "azure" else 412)
    assert cloud.objects(dialect, BUCKET) == {"k": b"mine"}
    statuses = [r.status for r in writes(cloud, dialect)]
    assert statuses == [201 if dialect == "azure" else 200, code]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_503_before_commit_then_success(cloud: StrictCloud, dialect: str) -> None:
    cloud.script(on_write(faults.status(503), dialect, count=2))
    Sdk(cloud, dialect, attempts=4).put("k", b"x")
    statuses = [r.status for r in writes(cloud, dialect)]
    assert statuses[:2] == [503, 503]
    assert len(statuses) == 3
    cloud.script(on_read(faults.status(500), dialect))
    with pytest.raises(REFUSED):
        Sdk(cloud, dialect).get("k")


@pytest.mark.parametrize(
    ("action", "s3", "gcs", "azure"),
    [
        (faults.throttle(), (503, "SlowDown"), 429, (503, "ServerBusy")),
        (
            faults.expire_credentials(),
            (400, "ExpiredToken"),
            401,
            (401, "InvalidAuthenticationInfo"),
        ),
        (faults.skew_clock(), (403, "RequestTimeTooSkewed"), 401, (403, "AuthenticationFailed")),
        (faults.quota(), (403, "QuotaExceeded"), 403, (403, "AccountQuotaExceeded")),
        (faults.disk_full(), (507, "InsufficientStorage"), 507, (507, "InsufficientStorage")),
        (faults.status(418, "Teapot"), (418, "Teapot"), 418, (418, "Teapot")),
    ],
)
def test_answers(cloud: StrictCloud, action: Action, s3: Any, gcs: int, azure: Any) -> None:
    cloud.script(*(on_write(action, dialect) for dialect in DIALECTS))
    assert s3_refusal(lambda: Sdk(cloud, "s3").put("k", b"x")) == s3
    url = f"{cloud.gcs_endpoint}/upload/storage/v1/b/{BUCKET}/o?uploadType=media&name=k"
    assert requests.post(url, data=b"x", timeout=10).status_code == gcs
    assert azure_refusal(lambda: Sdk(cloud, "azure").put("k", b"x")) == azure
    assert all(cloud.objects(dialect, BUCKET) == {} for dialect in DIALECTS)


def test_conflict_of_a_put(cloud: StrictCloud, s3: Any) -> None:
    cloud.script(on_write(faults.conflict409(), "s3"))
    create: Callable[[], object] = partial(
        s3.put_object, Bucket=BUCKET, Key="k", Body=b"x", IfNoneMatch="*"
    )
    assert s3_refusal(create) == (409, "ConditionalRequestConflict")
    create()
    assert cloud.objects("s3", BUCKET) == {"k": b"x"}


def test_conflict_of_a_completion_needs_a_new_upload(cloud: StrictCloud, s3: Any) -> None:
    cloud.script(Fault(faults.conflict409(), "s3", "CompleteMultipartUpload"))

    def begin() -> Callable[[], Any]:
        made = s3.create_multipart_upload(Bucket=BUCKET, Key="k", ChecksumAlgorithm="CRC32")
        name = {"Bucket": BUCKET, "Key": "k", "UploadId": made["UploadId"]}
        part = s3.upload_part(**name, PartNumber=1, Body=b"x", ChecksumAlgorithm="CRC32")
        parts = [{"PartNumber": 1, **{k: part[k] for k in ("ETag", "ChecksumCRC32")}}]
        return partial(s3.complete_multipart_upload, **name, MultipartUpload={"Parts": parts})

    complete = begin()
    for _ in range(2):
        assert s3_refusal(complete) == (409, "ConditionalRequestConflict")
    begin()()
    assert cloud.objects("s3", BUCKET) == {"k": b"x"}
    assert cloud.pending_uploads("s3", BUCKET) == ["k"]


def test_error_in_200(cloud: StrictCloud, s3: Any) -> None:
    """boto3 knows about errors under status 200 and makes them 500."""
    s3.put_object(Bucket=BUCKET, Key="k", Body=b"x")
    cloud.script(Fault(faults.error_in_200(), "s3", "CompleteMultipartUpload"))
    made = s3.create_multipart_upload(Bucket=BUCKET, Key="k")
    wanted = {"Parts": [{"PartNumber": 1, "ETag": "x"}]}
    name = {"Bucket": BUCKET, "Key": "k", "UploadId": made["UploadId"]}
    with pytest.raises(ClientError, match="InternalError"):
        s3.complete_multipart_upload(**name, MultipartUpload=wanted)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_truncated_body(cloud: StrictCloud, dialect: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda _seconds: None)  # the backoff of Azure's SDK
    sdk = Sdk(cloud, dialect)
    sdk.put("k", b"0123456789")
    # Azure's SDK asks three times for a body that breaks off, whatever its retry policy.
    cloud.script(on_read(faults.truncate(4), dialect, count=3 if dialect == "azure" else 1))
    broken = (*BROKEN, IncompleteReadError, ResponseStreamingError)
    with pytest.raises(broken):
        sdk.get("k")
    assert sdk.get("k") == b"0123456789"


@pytest.mark.parametrize("dialect", DIALECTS)
def test_flipped_byte(cloud: StrictCloud, dialect: str, gcs: Any) -> None:
    """boto3 verifies by itself, GCS when asked, Azure not at all: so the storage layer hashes."""
    sdk = Sdk(cloud, dialect)
    sdk.put("k", b"0123456789")
    sdk.put("short", b"01")
    cloud.script(on_read(faults.flip_byte(3), dialect))
    assert sdk.get("short") == b"01"  # has no such byte: the fault waits
    if dialect == "s3":
        with pytest.raises(FlexibleChecksumError):
            sdk.get("k")
    elif dialect == "gcs":
        with pytest.raises(DataCorruption):
            gcs.blob("k").download_as_bytes(checksum="crc32c", retry=None)
    else:
        assert sdk.get("k") == b"012\xcc456789"
    assert sdk.get("k") == b"0123456789"


@pytest.mark.parametrize("dialect", DIALECTS)
def test_stalled_body(cloud: StrictCloud, dialect: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda _seconds: None)  # the backoff of Azure's SDK
    sdk = Sdk(cloud, dialect)
    hasty = Sdk(cloud, dialect, timeout=0.3)
    sdk.put("k", b"0123456789")
    cloud.script(on_read(faults.stall(after=4), dialect, count=3 if dialect == "azure" else 1))
    with pytest.raises((*BROKEN, ReadTimeoutError)):
        hasty.get("k")
    cloud.script(on_read(faults.stall(0.1), dialect))
    assert sdk.get("k") == b"0123456789"


@pytest.mark.parametrize("dialect", DIALECTS)
def test_stalled_answer_of_a_write(cloud: StrictCloud, dialect: str) -> None:
    cloud.script(on_write(faults.stall(), dialect))
    with pytest.raises(BROKEN):
        Sdk(cloud, dialect, timeout=0.3).put("k", b"x")
    assert cloud.objects(dialect, BUCKET) == {"k": b"x"}


def test_stall_until_released(cloud: StrictCloud, s3: Any) -> None:
    s3.put_object(Bucket=BUCKET, Key="k", Body=b"x" * 100)
    fault = Fault(faults.stall(after=50), "s3", "GetObject")
    cloud.script(fault)
    body = s3.get_object(Bucket=BUCKET, Key="k")["Body"]
    assert body.read(50) == b"x" * 50
    threading.Timer(0.1, fault.release).start()
    assert body.read() == b"x" * 50


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("action", [faults.reset(), faults.cut_upload(1000)])
def test_broken_upload_is_not_committed(cloud: StrictCloud, dialect: str, action: Action) -> None:
    cloud.script(on_write(action, dialect))
    with pytest.raises(BROKEN):
        Sdk(cloud, dialect).put("k", b"x" * 5_000_000)
    assert cloud.objects(dialect, BUCKET) == {}
    assert [r.sent for r in writes(cloud, dialect)] == [action.n]
    # An SDK that retries gets through, and this time it is no conflict.
    cloud.script(on_write(action, dialect))
    Sdk(cloud, dialect, attempts=3).put("k", b"y" * 5_000_000)
    assert cloud.objects(dialect, BUCKET) == {"k": b"y" * 5_000_000}


def test_cut_part_and_cut_block(cloud: StrictCloud, s3: Any, azure: ContainerClient) -> None:
    cloud.script(
        Fault(faults.cut_upload(10), "s3", "UploadPart"),
        Fault(faults.cut_upload(10), "azure", "PutBlock"),
    )
    made = s3.create_multipart_upload(Bucket=BUCKET, Key="k", ChecksumAlgorithm="CRC32")
    name = {"Bucket": BUCKET, "Key": "k", "UploadId": made["UploadId"]}
    with pytest.raises(ConnectionClosedError):
        s3.upload_part(**name, PartNumber=1, Body=b"x" * 1_000_000)
    assert s3.list_parts(**name).get("Parts", []) == []
    blob = azure.get_blob_client("k")
    with pytest.raises(AzureError):
        blob.stage_block("0001", b"x" * 1_000_000)
    assert cloud.pending_uploads("azure", BUCKET) == []


def test_cut_chunk_keeps_whole_multiples(cloud: StrictCloud) -> None:
    """A broken chunk of a GCS resumable upload is kept in part: the client has to ask."""
    quarter = 256 * 1024
    cloud.script(Fault(faults.cut_upload(quarter + 10), "gcs", "objects.insert.chunk"))
    url = f"{cloud.gcs_endpoint}/upload/storage/v1/b/{BUCKET}/o?uploadType=resumable&name=k"
    session = requests.post(url, timeout=10).headers["Location"]
    body = b"x" * quarter * 2
    whole = {"Content-Range": f"bytes 0-{len(body) - 1}/{len(body)}"}
    with pytest.raises(requests.exceptions.ConnectionError):
        requests.put(session, data=body, headers=whole, timeout=10)
    asked = requests.put(session, headers={"Content-Range": f"bytes */{len(body)}"}, timeout=10)
    assert (asked.status_code, asked.headers["Range"]) == (308, f"bytes=0-{quarter - 1}")
    rest = {"Content-Range": f"bytes {quarter}-{len(body) - 1}/{len(body)}"}
    done = requests.put(session, data=body[quarter:], headers=rest, timeout=10)
    assert done.status_code == 200
    assert cloud.objects("gcs", BUCKET) == {"k": body}


def test_nth_count_and_order(cloud: StrictCloud, s3: Any) -> None:
    cloud.script(
        Fault(faults.status(503), "s3", "PutObject", "a/*", nth=2, count=2),
        Fault(faults.status(500), "s3", "PutObject", "a/*"),
    )
    statuses = []
    for key in ("a/1", "b", "a/2", "a/3", "a/4"):
        try:
            s3.put_object(Bucket=BUCKET, Key=key, Body=b"")
            statuses.append(200)
        except ClientError as error:
            statuses.append(error.response["ResponseMetadata"]["HTTPStatusCode"])
    assert statuses == [500, 200, 503, 503, 200]


def test_an_outage_lasts(cloud: StrictCloud) -> None:
    cloud.script(Fault(faults.status(503), dialect="s3", count=None))
    sdk = Sdk(cloud, "s3", attempts=2)
    for _ in range(2):
        assert s3_refusal(lambda: sdk.put("k", b"x"))[0] == 503
    Sdk(cloud, "azure").put("k", b"x")


def test_a_fault_that_does_not_fire_fails() -> None:
    never = r"lose_response on s3/PutObject.*0 matched, 0 fired"
    with pytest.raises(AssertionError, match=never), StrictCloud() as cloud:
        cloud.script(Fault(faults.lose_response(), "s3", "PutObject"))
    with StrictCloud() as cloud:
        cloud.create_bucket("s3", BUCKET)
        fault = Fault(faults.status(500), "s3", "PutObject", count=2)
        with pytest.raises(AssertionError, match="1 matched, 1 fired"), cloud.script(fault):
            assert s3_refusal(lambda: Sdk(cloud, "s3").put("k", b"x"))[0] == 500
        fault.count = 1
        cloud.assert_exhausted()


def test_a_failure_of_the_test_itself_is_not_hidden() -> None:
    def fail() -> None:
        with StrictCloud() as cloud:
            cloud.script(Fault(faults.reset()))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()


def test_faults_that_make_no_sense_are_refused() -> None:
    wrongs: list[Callable[[], Fault]] = [
        lambda: Fault(faults.Action("nonsense")),
        lambda: Fault(faults.reset(), nth=0),
        lambda: Fault(faults.reset(), count=0),
        lambda: Fault(faults.conflict409(), dialect="gcs"),
    ]
    for wrong in wrongs:
        with pytest.raises(ValueError, match=r"unknown|start at 1|answer of S3"):
            wrong()


def test_a_defect_of_the_fake_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def defect(_request: object) -> object:
        raise KeyError("defect")

    def use() -> None:
        with StrictCloud() as cloud:
            monkeypatch.setattr(cloud.dialect("s3"), "handle", defect)
            with pytest.raises(ClientError):
                s3_client(cloud).head_bucket(Bucket="b")

    with pytest.raises(AssertionError, match=r"defects of the fake(.|\n)*KeyError"):
        use()


def test_gcs_messages_carry_the_reason(cloud: StrictCloud, gcs: Any) -> None:
    cloud.script(Fault(faults.throttle(), "gcs", "objects.delete"))
    gcs.blob("k").upload_from_string(b"x")
    status, message = gcs_refusal(lambda: gcs.blob("k").delete(retry=None))
    assert status == 429
    assert "too high" in message
