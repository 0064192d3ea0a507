"""Pauses, callbacks, tampering, and the server as a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ConnectionClosedError

from tests.fakes import Fault, StrictCloud, faults
from tests.fakes.admin import RemoteCloud
from tests.fakes_selftest.clients import BUCKET, s3_client

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
# The standard library alone: an SDK takes a second to import.
CLIENT = """
import sys, urllib.request
for number in range(3):
    url = f"{sys.argv[1]}&name=k{number}"
    urllib.request.urlopen(urllib.request.Request(url, b"x", method="POST")).read()
"""


def client(cloud: StrictCloud) -> subprocess.Popen[bytes]:
    url = f"{cloud.gcs_endpoint}/upload/storage/v1/b/{BUCKET}/o?uploadType=media"
    return subprocess.Popen([sys.executable, "-c", CLIENT, url])


def put(s3: Any, key: str = "k", body: bytes = b"x") -> None:
    s3.put_object(Bucket=BUCKET, Key=key, Body=body)


@pytest.mark.parametrize("commit", [True, False])
def test_kill_a_client_before_its_commit(cloud: StrictCloud, commit: bool) -> None:
    """A complete request may or may not be carried out once its sender is dead."""
    gate = cloud.pause_before_commit("gcs", "objects.insert", nth=2)
    with client(cloud) as victim:
        assert gate.wait(30).key == "k1"
        assert list(cloud.objects("gcs", BUCKET)) == ["k0"]
        victim.kill()
        victim.wait()
        done = threading.Event()
        cloud.on_response(lambda _request, _response: done.set())
        gate.release(commit=commit)
        if commit:
            assert done.wait(10)
    assert list(cloud.objects("gcs", BUCKET)) == (["k0", "k1"] if commit else ["k0"])


def test_kill_a_client_after_its_commit(cloud: StrictCloud) -> None:
    gate = cloud.pause_after_commit("gcs", "objects.insert")
    with client(cloud) as victim:
        gate.wait(30)
        victim.kill()
    gate.release()
    assert cloud.objects("gcs", BUCKET) == {"k0": b"x"}


def test_dropped_request(cloud: StrictCloud, s3: Any) -> None:
    gate = cloud.pause_before_commit(key="k")
    threading.Timer(0.05, gate.release, kwargs={"commit": False}).start()
    with pytest.raises(ConnectionClosedError):
        put(s3)
    assert cloud.objects("s3", BUCKET) == {}
    put(s3)


def test_a_pause_that_is_not_reached_fails() -> None:
    with pytest.raises(AssertionError, match="pause at s3/PutObject"), StrictCloud() as cloud:
        cloud.pause_before_commit("s3", "PutObject")


def test_leaving_lets_held_requests_go() -> None:
    with StrictCloud() as cloud:
        cloud.create_bucket("s3", BUCKET)
        gate = cloud.pause_before_commit("s3", "PutObject")
        cloud.script(Fault(faults.stall(), "s3", "HeadBucket"))
        s3 = s3_client(cloud)
        pool = ThreadPoolExecutor(2)
        held = [pool.submit(put, s3), pool.submit(s3.head_bucket, Bucket=BUCKET)]
        gate.wait()
        while not any(entry.operation == "HeadBucket" for entry in cloud.requests):
            time.sleep(0.01)
    for future in held:
        with pytest.raises(ConnectionClosedError):
            future.result(10)
    assert cloud.objects("s3", BUCKET) == {}


def test_callbacks_and_log(cloud: StrictCloud, s3: Any) -> None:
    seen: list[tuple[str, bool, int]] = []
    cloud.on_request(lambda request: seen.append((request.operation, request.mutates, 0)))
    cloud.on_response(
        lambda request, answer: seen.append((request.operation, False, answer.status))
    )
    put(s3, "k", b"12345")
    s3.get_object(Bucket=BUCKET, Key="k", Range="bytes=1-2")["Body"].read()
    assert seen == [
        ("PutObject", True, 0),
        ("PutObject", False, 200),
        ("GetObject", False, 0),
        ("GetObject", False, 206),
    ]
    first, second = cloud.requests
    assert (first.dialect, first.operation, first.bucket, first.key, first.status, first.sent) == (
        "s3",
        "PutObject",
        BUCKET,
        "k",
        200,
        5,
    )
    assert (second.headers["range"], second.received, second.fault) == ("bytes=1-2", 2, None)


@pytest.mark.parametrize("dialect", ["s3", "gcs", "azure"])
def test_tampering(cloud: StrictCloud, dialect: str, s3: Any, gcs: Any, azure: Any) -> None:
    put(s3)
    gcs.blob("k").upload_from_string(b"x")
    azure.upload_blob("k", b"x")
    before = cloud.stored(dialect, BUCKET, "k")
    cloud.tamper(dialect, BUCKET, "k", b"rotten", bit_rot=True)
    rotten = cloud.stored(dialect, BUCKET, "k")
    assert (rotten.data, rotten.etag, rotten.checksums) == (
        b"rotten",
        before.etag,
        before.checksums,
    )
    cloud.tamper(dialect, BUCKET, "k", b"other")
    other = cloud.stored(dialect, BUCKET, "k")
    assert (other.data, other.metadata) == (b"other", before.metadata)
    assert other.etag != before.etag
    assert other.generation > before.generation
    if dialect == "s3":
        assert s3.get_object(Bucket=BUCKET, Key="k")["Body"].read() == b"other"


@pytest.fixture(scope="module")
def remote() -> Iterator[dict[str, str]]:
    command = [sys.executable, "-m", "tests.fakes.server", "--port", "0", "--bucket", BUCKET]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        yield json.loads(server.stdout.readline())
        server.terminate()
        assert server.wait(10) == 0


def test_remote(remote: dict[str, str]) -> None:
    cloud = RemoteCloud(remote["admin"])

    class Endpoint:
        s3_endpoint = remote["s3_endpoint"]

    s3 = s3_client(Endpoint())  # type: ignore[arg-type]
    cloud.script(
        Fault(faults.lose_response(), "s3", "PutObject"),
        Fault(faults.status(503, "SlowDown"), "gcs"),
    )
    with pytest.raises(ConnectionClosedError):
        put(s3, "k", b"mine")
    assert cloud.objects("s3", BUCKET) == {"k": b"mine"}
    assert list(cloud.digests("s3", BUCKET)) == ["k"]
    assert [entry["fault"] for entry in cloud.requests()] == ["lose_response"]
    assert len(cloud.unfired()) == 1
    assert "status on gcs" in cloud.unfired()[0]
    cloud.tamper("s3", BUCKET, "k", b"other")
    assert cloud.objects("s3", BUCKET) == {"k": b"other"}
    s3.create_multipart_upload(Bucket=BUCKET, Key="m")
    assert cloud.pending_uploads("s3", BUCKET) == ["m"]
    cloud.create_bucket("azure", "more")
    assert cloud.objects("azure", "more") == {}
    cloud.release()
