"""What is particular to Cloud Storage: errors, credentials, endpoints, parts that are objects."""

import gzip
import json
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import google.auth.exceptions
import pytest
import urllib3.exceptions
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from hypothesis import given
from hypothesis import strategies as st

from providers import _gcs_crc32c as crc32c
from providers._gcs_http import GcsError, _manager
from providers.driver import CALL, SHA256
from providers.errors import ErrorKind, UnsupportedError
from providers.gcs import PARTS, Account, GcsDriver, open_driver
from providers.keys import PARTS_PREFIX
from providers.model import ByteRange, ObjectMeta, Part, Version
from providers.store import Store
from tests.fakes.faults import (
    Action,
    Fault,
    cut_upload,
    expire_credentials,
    lose_response,
    quota,
    reset,
    stall,
    status,
    throttle,
    truncate,
)
from tests.fakes.server import StrictCloud
from tests.fakes.tls import self_signed
from tests.providers.harness_servers import Emulators

BUCKET = "models"
METADATA = {SHA256: "ab" * 32, CALL: "call1", "note": "one = two"}
AWKWARD = "a b/é+%#?&='\"~;@$,!*()[]/日本/" + "x" * 200


@pytest.fixture
def cloud() -> Iterator[StrictCloud]:
    with StrictCloud() as cloud:
        cloud.create_bucket("gcs", BUCKET)
        yield cloud


@pytest.fixture
def driver(cloud: StrictCloud) -> Iterator[GcsDriver]:
    driver = open_driver(BUCKET, endpoint=cloud.gcs_endpoint)
    yield driver
    driver.close()


@pytest.fixture
def missing(cloud: StrictCloud) -> Iterator[GcsDriver]:
    driver = open_driver("nowhere", endpoint=cloud.gcs_endpoint)
    yield driver
    driver.close()


@pytest.fixture
def emulated(emulators: Emulators) -> Iterator[GcsDriver]:
    server = emulators.server("fake-gcs")
    server.create_bucket(BUCKET)
    driver = open_driver(BUCKET, endpoint=server.endpoint)
    yield driver
    for meta in [*driver.list("")]:
        driver.delete(meta.key)
    driver.close()


def kind_of(driver: GcsDriver, act: Callable[[], object]) -> ErrorKind | None:
    """Return the kind of the error that `act` raises."""
    try:
        act()
    except Exception as error:  # noqa: BLE001 - its kind is what is tested
        return driver.classify(error)
    pytest.fail("nothing was raised")


def read(driver: GcsDriver, key: str, **options: Any) -> tuple[ObjectMeta, bytes]:
    with driver.get(key, **options) as found:
        return found.meta, b"".join(found.chunks)


def put(driver: GcsDriver, key: str, body: bytes = b"0123456789") -> ObjectMeta:
    return driver.put(key, body, mode="overwrite", metadata=METADATA)


def send(driver: GcsDriver, upload: str, bodies: list[bytes]) -> list[Part]:
    with ThreadPoolExecutor(8) as pool:
        return list(
            pool.map(
                lambda number: driver.put_part("big", upload, number, 0, bodies[number - 1]),
                range(1, len(bodies) + 1),
            )
        )


# Errors


@pytest.mark.parametrize(
    ("action", "kind"),
    [
        (status(401), ErrorKind.UNAUTHENTICATED),
        (expire_credentials(), ErrorKind.UNAUTHENTICATED),
        (status(403), ErrorKind.PERMISSION_DENIED),
        (status(403, "userRateLimitExceeded"), ErrorKind.THROTTLED),
        (status(403, "rateLimitExceeded"), ErrorKind.THROTTLED),
        (status(403, "RATE_LIMIT_EXCEEDED"), ErrorKind.THROTTLED),
        (status(429, "quotaExceeded"), ErrorKind.THROTTLED),
        (throttle(), ErrorKind.THROTTLED),
        (quota(), ErrorKind.QUOTA),
        (status(403, "dailyLimitExceeded"), ErrorKind.QUOTA),
        (status(403, "RESOURCE_QUOTA_EXCEEDED"), ErrorKind.QUOTA),
        (status(429), ErrorKind.THROTTLED),
        (status(408), ErrorKind.UNAVAILABLE),
        (status(409), ErrorKind.CONFLICT),
        (status(412), ErrorKind.PRECONDITION),
        (status(500), ErrorKind.UNAVAILABLE),
        (status(503), ErrorKind.UNAVAILABLE),
        (status(507), ErrorKind.QUOTA),
        (status(400, "invalid", "Invalid argument."), None),
        (reset(), ErrorKind.UNAVAILABLE),
        (cut_upload(5), ErrorKind.UNAVAILABLE),
        (lose_response(), ErrorKind.UNAVAILABLE),
    ],
)
def test_kinds_of_errors(
    cloud: StrictCloud, driver: GcsDriver, action: Action, kind: ErrorKind | None
) -> None:
    cloud.script(Fault(action, dialect="gcs", operation="objects.insert"))
    assert kind_of(driver, lambda: put(driver, "key")) is kind
    assert len(cloud.requests) == 1  # nothing was retried


@pytest.mark.parametrize(
    ("action", "kind"),
    [
        (status(401), ErrorKind.UNAUTHENTICATED),
        (status(403), ErrorKind.PERMISSION_DENIED),
        (throttle(), ErrorKind.THROTTLED),
        (status(503), ErrorKind.UNAVAILABLE),
        (truncate(4), ErrorKind.UNAVAILABLE),
        (truncate(0), ErrorKind.UNAVAILABLE),
        (reset(), ErrorKind.UNAVAILABLE),
    ],
)
def test_kinds_of_errors_while_reading(
    cloud: StrictCloud, driver: GcsDriver, action: Action, kind: ErrorKind
) -> None:
    put(driver, "key")
    cloud.script(Fault(action, dialect="gcs", operation="objects.download"))
    assert kind_of(driver, lambda: read(driver, "key")) is kind
    assert read(driver, "key")[1] == b"0123456789"


@pytest.mark.parametrize("after", [0, 4])
def test_silence_is_cut_short(cloud: StrictCloud, after: int) -> None:
    driver = open_driver(BUCKET, endpoint=cloud.gcs_endpoint, timeout=0.3)
    put(driver, "key")
    cloud.script(Fault(stall(after=after), dialect="gcs", operation="objects.download"))
    started = time.monotonic()
    assert kind_of(driver, lambda: read(driver, "key")) is ErrorKind.UNAVAILABLE
    assert time.monotonic() - started < 5


def test_nobody_listens() -> None:
    driver = open_driver(BUCKET, endpoint="http://127.0.0.1:1", timeout=1)
    assert kind_of(driver, lambda: driver.head("key")) is ErrorKind.UNAVAILABLE


@pytest.mark.parametrize(
    ("act", "kind"),
    [
        (lambda d: d.head("none"), ErrorKind.NOT_FOUND),
        (lambda d: read(d, "none"), ErrorKind.NOT_FOUND),
        (lambda d: read(d, "key", range=ByteRange(10)), ErrorKind.RANGE),
        (lambda d: read(d, "key", if_match=Version("5")), ErrorKind.PRECONDITION),
        (lambda d: d.delete("key", if_match=Version("5")), ErrorKind.PRECONDITION),
        (lambda d: d.put("key", b"", mode="create", metadata={}), ErrorKind.PRECONDITION),
        (lambda d: d.put("key", b"", mode=Version("5"), metadata={}), ErrorKind.PRECONDITION),
        (lambda d: d.put("none", b"", mode=Version("5"), metadata={}), ErrorKind.PRECONDITION),
    ],
)
def test_refusals(driver: GcsDriver, act: Callable[[GcsDriver], object], kind: ErrorKind) -> None:
    put(driver, "key")
    assert kind_of(driver, lambda: act(driver)) is kind
    assert read(driver, "key")[1] == b"0123456789"


@pytest.mark.parametrize(
    "act",
    [
        lambda d: put(d, "key"),
        lambda d: d.head("key"),
        lambda d: read(d, "key"),
        lambda d: d.delete("key"),
        lambda d: d.delete("key", if_match=Version("5")),
        lambda d: list(d.list("")),
        lambda d: d.list_dir(""),
        lambda d: d.put_part("key", "1234", 1, 0, b"x"),
        lambda d: d.list_parts("key", "1234"),
        lambda d: d.abort_upload("key", "1234"),
        lambda d: d.finish_upload(
            "key", "1234", [Part(1, 1, "AAAAAA==")], mode="create", metadata={}
        ),
    ],
)
def test_missing_bucket(missing: GcsDriver, act: Callable[[GcsDriver], object]) -> None:
    assert kind_of(missing, lambda: act(missing)) is ErrorKind.BUCKET_NOT_FOUND


@pytest.mark.parametrize(
    ("act", "kind"),
    [
        (lambda d: d.head("none"), ErrorKind.NOT_FOUND),
        (lambda d: read(d, "none"), ErrorKind.NOT_FOUND),
        (lambda d: read(d, "key", range=ByteRange(10)), ErrorKind.RANGE),
        (lambda d: read(d, "key", if_match=Version("5")), ErrorKind.PRECONDITION),
        (lambda d: d.put("key", b"", mode="create", metadata={}), ErrorKind.PRECONDITION),
        (lambda d: d.put("key", b"", mode=Version("5"), metadata={}), ErrorKind.PRECONDITION),
    ],
)
def test_refusals_of_the_emulator(
    emulated: GcsDriver, act: Callable[[GcsDriver], object], kind: ErrorKind
) -> None:
    put(emulated, "key")
    assert kind_of(emulated, lambda: act(emulated)) is kind


@pytest.mark.parametrize(
    "act",
    [
        lambda d: put(d, "key"),
        lambda d: d.put_part("key", "1234", 1, 0, b"x"),
        lambda d: d.list_parts("key", "1234"),
        lambda d: list(d.list("")),
        lambda d: d.list_dir(""),
    ],
)
def test_missing_bucket_of_the_emulator(
    emulators: Emulators, act: Callable[[GcsDriver], object]
) -> None:
    """It says "Not Found" whatever is missing; here only the bucket can be."""
    driver = open_driver("nowhere", endpoint=emulators.server("fake-gcs").endpoint)
    assert kind_of(driver, lambda: act(driver)) is ErrorKind.BUCKET_NOT_FOUND


def test_strangers_errors_are_not_ours(driver: GcsDriver) -> None:
    assert driver.classify(ValueError("no")) is None
    assert driver.classify(OSError("no space left on device")) is None


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (google.auth.exceptions.DefaultCredentialsError("none"), ErrorKind.UNAUTHENTICATED),
        (google.auth.exceptions.RefreshError("invalid_grant"), ErrorKind.UNAUTHENTICATED),
        (google.auth.exceptions.RefreshError("busy", retryable=True), ErrorKind.UNAVAILABLE),
        (google.auth.exceptions.TransportError("no route"), ErrorKind.UNAVAILABLE),
        (GcsError(503, "SlowDown", "Please reduce your request rate."), ErrorKind.THROTTLED),
    ],
)
def test_kinds_of_other_errors(driver: GcsDriver, error: Exception, kind: ErrorKind) -> None:
    assert driver.classify(error) is kind


class Portal(BaseHTTPRequestHandler):
    """Answers every request with a page, as a hotel's network does."""

    def answer(self) -> None:
        self.rfile.read(int(self.headers.get("content-length", 0)))
        body = b"<html>Please accept our terms.</html>"
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = answer  # noqa: N815 - the names that http.server looks for

    def log_message(self, *_: object) -> None:
        pass


@pytest.mark.parametrize(
    "act", [lambda d: put(d, "key"), lambda d: d.head("key"), lambda d: read(d, "key")]
)
def test_an_answer_of_something_else(act: Callable[[GcsDriver], object]) -> None:
    with serving(Portal) as endpoint:
        driver = open_driver(BUCKET, endpoint=endpoint)
        assert kind_of(driver, lambda: act(driver)) is ErrorKind.UNSUPPORTED


# Objects


@pytest.mark.parametrize("body", [b"", b"x", b"y" * 300_000])
def test_what_was_written_is_what_is_told(driver: GcsDriver, body: bytes) -> None:
    meta = driver.put(AWKWARD, body, mode="create", metadata=METADATA)
    assert (meta.key, meta.size, meta.sha256) == (AWKWARD, len(body), METADATA[SHA256])
    assert meta.metadata == {CALL: "call1", "note": "one = two"}
    assert meta.modified is not None
    assert meta.modified.tzinfo is UTC
    assert driver.head(AWKWARD) == meta
    assert [*driver.list("a b/")] == [meta]
    shown, found = read(driver, AWKWARD)
    assert found == body
    assert shown.modified == meta.modified.replace(microsecond=0)  # a header has no fractions
    assert (shown.key, shown.size, shown.version) == (meta.key, meta.size, meta.version)
    assert (shown.sha256, shown.metadata) == (meta.sha256, meta.metadata)


def test_a_range_tells_the_whole_objects_size(driver: GcsDriver, emulated: GcsDriver) -> None:
    for each in (driver, emulated):
        put(each, "key")
        meta, body = read(each, "key", range=ByteRange(2, 5))
        assert (meta.size, body) == (10, b"234")


def test_another_version_is_not_even_sent(cloud: StrictCloud, driver: GcsDriver) -> None:
    put(driver, "key")
    stale = partial(read, driver, "key", if_match=Version("5"))
    assert kind_of(driver, stale) is ErrorKind.PRECONDITION
    assert cloud.requests[-1].status == 412


def test_reading_takes_one_request(cloud: StrictCloud, driver: GcsDriver) -> None:
    put(driver, "key")
    read(driver, "key")
    assert [entry.operation for entry in cloud.requests] == ["objects.insert", "objects.download"]


def test_gzip_is_not_unpacked(cloud: StrictCloud, driver: GcsDriver) -> None:
    """Objects that other tools stored compressed have the length that the store tells."""
    packed = gzip.compress(b"0123456789")
    resource = {"name": "key", "contentEncoding": "gzip"}
    driver._http.upload(driver._uploads, {"uploadType": "multipart"}, resource, packed)
    meta, body = read(driver, "key")
    assert body == packed
    assert meta.size == driver.head("key").size == len(packed)
    assert cloud.requests[1].headers["accept-encoding"] == "gzip"


def test_reading_another_version_than_the_server_was_asked_for(emulated: GcsDriver) -> None:
    """The emulator ignores the precondition; the generation that it tells does not lie."""
    first = put(emulated, "key")
    put(emulated, "key", b"other")
    stale = partial(read, emulated, "key", if_match=first.version)
    assert kind_of(emulated, stale) is ErrorKind.PRECONDITION


def test_a_read_left_early_does_not_spoil_the_next(driver: GcsDriver) -> None:
    put(driver, "key", bytes(3_000_000))
    for _ in range(3):
        with driver.get("key") as found:
            assert len(next(found.chunks)) >= 256 * 1024
    assert len(read(driver, "key")[1]) == 3_000_000


@pytest.mark.parametrize("key", ["probe", "probe/é 1"])
def test_wrong_checksums(
    driver: GcsDriver, cloud: StrictCloud, emulated: GcsDriver, key: str
) -> None:
    assert driver.refuses_wrong_checksum(key)
    assert cloud.objects("gcs", BUCKET) == {}
    assert not emulated.refuses_wrong_checksum(key)
    assert [*emulated.list("")] == []


def test_a_damaged_body_is_refused(
    cloud: StrictCloud, driver: GcsDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crc32c, "checksum", lambda body: "AAAAAA==")
    assert kind_of(driver, lambda: put(driver, "key")) is ErrorKind.INTEGRITY
    assert kind_of(driver, lambda: driver.put_part("key", "1", 1, 0, b"x")) is ErrorKind.INTEGRITY
    assert cloud.objects("gcs", BUCKET) == {}


def test_a_store_without_preconditions_is_refused(emulators: Emulators) -> None:
    server = emulators.server("gcp-storage-emulator")
    server.create_bucket(BUCKET)
    with Store(open_driver(BUCKET, endpoint=server.endpoint)) as store:
        with pytest.raises(UnsupportedError, match="precondition"):
            store.verify_preconditions()
        assert [*store.list()] == []


# Parts


@pytest.mark.parametrize("count", [1, 2, 32, 33, 65, 1025])
def test_parts_are_composed_in_order(cloud: StrictCloud, driver: GcsDriver, count: int) -> None:
    bodies = [f"<{number}>".encode() for number in range(count)]
    upload = driver.start_upload("big", metadata=METADATA)
    parts = send(driver, upload, bodies)
    meta = driver.finish_upload("big", upload, parts[::-1], mode="create", metadata=METADATA)
    assert cloud.objects("gcs", BUCKET) == {"big": b"".join(bodies)}
    assert meta == driver.head("big")
    assert meta.sha256 == METADATA[SHA256]


def test_parts_are_hidden(driver: GcsDriver) -> None:
    kept = put(driver, "key")
    upload = driver.start_upload("big", metadata=METADATA)
    parts = send(driver, upload, [b"1", b"2"])
    assert driver.list_parts("big", upload) == parts
    assert [*driver.list("")] == [kept]
    assert [*driver.list(PARTS_PREFIX)] == []
    assert driver.list_dir("").objects == (kept,)
    assert driver.list_dir("").prefixes == ()


def test_parts_of_an_unknown_upload(driver: GcsDriver) -> None:
    assert driver.list_parts("big", "unknown") == []
    driver.abort_upload("big", "unknown")


def test_a_part_sent_again_replaces_the_first(cloud: StrictCloud, driver: GcsDriver) -> None:
    upload = driver.start_upload("big", metadata=METADATA)
    send(driver, upload, [b"wrong", b"2"])
    first = driver.put_part("big", upload, 1, 0, b"right")
    parts = driver.list_parts("big", upload)
    assert parts[0] == first
    driver.finish_upload("big", upload, parts, mode="create", metadata=METADATA)
    assert cloud.objects("gcs", BUCKET) == {"big": b"right2"}


def test_abort_removes_parts_and_intermediates(cloud: StrictCloud, driver: GcsDriver) -> None:
    taken = put(driver, "big")
    upload, other = (driver.start_upload("big", metadata=METADATA) for _ in range(2))
    parts = send(driver, upload, [b"x"] * 40)
    kept = driver.put_part("big", other, 1, 0, b"y")
    refused = partial(driver.finish_upload, "big", upload, parts, mode="create", metadata=METADATA)
    assert kind_of(driver, refused) is ErrorKind.PRECONDITION
    assert len(cloud.objects("gcs", BUCKET)) > 41  # the parts are there for another try
    assert driver.list_parts("big", upload) == parts
    driver.abort_upload("big", upload)
    assert [*driver.list("")] == [taken]
    assert driver.list_parts("big", other) == [kept]
    assert len(cloud.objects("gcs", BUCKET)) == 2


@pytest.mark.parametrize("count", [2, 40])
def test_finishing_again_after_a_fault(cloud: StrictCloud, driver: GcsDriver, count: int) -> None:
    upload = driver.start_upload("big", metadata=METADATA)
    parts = send(driver, upload, [b"x"] * count)
    cloud.script(
        Fault(status(503), dialect="gcs", operation="objects.compose", nth=1),
        Fault(reset(), dialect="gcs", operation="objects.compose", key="big", nth=1),
    )
    finish = partial(driver.finish_upload, "big", upload, parts, mode="create", metadata=METADATA)
    assert kind_of(driver, finish) is ErrorKind.UNAVAILABLE
    assert kind_of(driver, finish) is ErrorKind.UNAVAILABLE
    assert finish().size == count
    assert cloud.objects("gcs", BUCKET) == {"big": b"x" * count}


def test_parts_that_cannot_be_removed_do_not_cost_the_upload(
    cloud: StrictCloud, driver: GcsDriver
) -> None:
    upload = driver.start_upload("big", metadata=METADATA)
    parts = send(driver, upload, [b"1", b"2"])
    cloud.script(Fault(status(503), dialect="gcs", operation="objects.delete", count=2))
    driver.finish_upload("big", upload, parts, mode="create", metadata=METADATA)
    assert cloud.objects("gcs", BUCKET)["big"] == b"12"
    assert [meta.key for meta in driver.list("")] == ["big"]


def test_a_part_that_is_not_the_one_confirmed(cloud: StrictCloud, driver: GcsDriver) -> None:
    upload = driver.start_upload("big", metadata=METADATA)
    parts = send(driver, upload, [b"1", b"2"])
    driver.put_part("big", upload, 2, 1, b"?")
    finish = partial(driver.finish_upload, "big", upload, parts, mode="create", metadata=METADATA)
    assert kind_of(driver, finish) is ErrorKind.INTEGRITY
    assert [*driver.list("")] == []


def test_limits_of_parts_allow_the_largest_object() -> None:
    assert PARTS.max_size * PARTS.max_count >= 5 * 1024**4
    assert PARTS.max_count < 10**5  # the names sort as numbers


@given(st.lists(st.binary(max_size=40), max_size=8))
def test_checksum_of_parts(bodies: list[bytes]) -> None:
    parts = [(crc32c.checksum(body), len(body)) for body in bodies]
    assert crc32c.of_parts(parts) == crc32c.checksum(b"".join(bodies))


def test_checksum_as_the_cloud_writes_it() -> None:
    assert crc32c.checksum(b"123456789") == "4waSgw=="  # 0xE3069283, RFC 3720's check value


# Endpoints


def test_the_emulators_variable(cloud: StrictCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    for value in (
        cloud.gcs_endpoint,
        f"{cloud.gcs_endpoint}/",
        urlsplit(cloud.gcs_endpoint).netloc,
    ):
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", value)
        driver = open_driver(BUCKET)
        put(driver, "key")
        assert read(driver, "key")[1] == b"0123456789"


def test_an_endpoint_given_goes_first(cloud: StrictCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", "http://127.0.0.1:1")
    driver = open_driver(BUCKET, endpoint=cloud.gcs_endpoint)
    put(driver, "key")
    assert cloud.objects("gcs", BUCKET) == {"key": b"0123456789"}


def test_the_clouds_own_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", "storage.internal")
    proxied = _manager("https://storage.googleapis.com", 1, 1)
    assert isinstance(proxied, urllib3.ProxyManager)
    assert proxied.proxy is not None
    assert proxied.proxy.host == "proxy.example"
    for direct in ("https://storage.internal", "http://storage.googleapis.com"):
        assert not isinstance(_manager(direct, 1, 1), urllib3.ProxyManager)


def test_importing_the_driver_is_cheap() -> None:
    code = (
        "import sys, providers.gcs; "
        "print([name for name in ('google.cloud.storage', 'requests', 'cryptography', 'grpc')"
        " if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


# Credentials


class Tokens(BaseHTTPRequestHandler):
    """Google's token endpoint, in the place of which the key's ``token_uri`` names this."""

    answers: list[tuple[int, dict[str, object]]]
    asked: list[str]
    delay = 0.0

    def do_POST(self) -> None:
        self.asked.append(self.rfile.read(int(self.headers["content-length"])).decode())
        time.sleep(self.delay)
        code, answer = self.answers[min(len(self.asked), len(self.answers)) - 1]
        body = json.dumps(answer).encode()
        self.send_response(code)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


class serving:  # noqa: N801 - used as a function
    """Serve `handler` on a free port for the time of a with block."""

    def __init__(self, handler: type[BaseHTTPRequestHandler]) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)

    def __enter__(self) -> str:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture
def tokens() -> type[Tokens]:
    return type("Fresh", (Tokens,), {"answers": [token("good")], "asked": []})


def token(text: str) -> tuple[int, dict[str, object]]:
    return 200, {"access_token": text, "expires_in": 3600, "token_type": "Bearer"}


@pytest.fixture
def signed_in(
    tokens: type[Tokens],
    key: rsa.RSAPrivateKey,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[None]:
    """Sign in as a service account, whose key is in a file that a variable names."""
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    with serving(tokens) as endpoint:
        account = {
            "type": "service_account",
            "project_id": "project",
            "private_key_id": "1",
            "private_key": pem.decode(),
            "client_email": "robot@project.iam.gserviceaccount.com",
            "token_uri": f"{endpoint}/token",
        }
        path = tmp_path / "key.json"
        path.write_text(json.dumps(account))
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(path))
        monkeypatch.delenv("STORAGE_EMULATOR_HOST", raising=False)
        yield


@pytest.fixture
def secure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StrictCloud]:
    """Yield the fake behind TLS, under a certificate that a variable makes trusted."""
    context, certificate = self_signed(tmp_path)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    with StrictCloud(tls=context) as cloud:
        cloud.create_bucket("gcs", BUCKET)
        yield cloud


def test_strangers_certificates_are_refused(
    secure: StrictCloud, signed_in: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    driver = open_driver(BUCKET, endpoint=secure.gcs_endpoint)
    with pytest.raises(urllib3.exceptions.SSLError, match="certificate"):
        driver.head("key")
    assert secure.requests == []


@pytest.mark.usefixtures("signed_in")
def test_one_token_serves_all_threads(secure: StrictCloud, tokens: type[Tokens]) -> None:
    tokens.delay = 0.2
    driver = open_driver(BUCKET, endpoint=secure.gcs_endpoint)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: put(driver, f"key{number}"), range(16)))
    assert len(tokens.asked) == 1
    assert {entry.headers.get("authorization") for entry in secure.requests} == {"Bearer good"}


@pytest.mark.usefixtures("signed_in")
def test_large_bodies_cross_tls(secure: StrictCloud) -> None:
    driver = open_driver(BUCKET, endpoint=secure.gcs_endpoint)
    body = bytes(range(256)) * (8 * 4096)
    put(driver, "key", body)
    assert read(driver, "key")[1] == body
    assert secure.objects("gcs", BUCKET) == {"key": body}


@pytest.mark.usefixtures("signed_in")
@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (token("denied"), ErrorKind.PERMISSION_DENIED),
        (token("expired"), ErrorKind.UNAUTHENTICATED),
        ((400, {"error": "invalid_grant"}), ErrorKind.UNAUTHENTICATED),
    ],
)
def test_tokens_that_do_not_work(
    secure: StrictCloud,
    tokens: type[Tokens],
    answer: tuple[int, dict[str, object]],
    kind: ErrorKind,
) -> None:
    tokens.answers[:] = [answer]
    driver = open_driver(BUCKET, endpoint=secure.gcs_endpoint)
    assert kind_of(driver, lambda: put(driver, "key")) is kind
    assert kind_of(driver, lambda: read(driver, "key")) is kind
    assert secure.objects("gcs", BUCKET) == {}


@pytest.mark.usefixtures("signed_in")
def test_no_token_crosses_the_network_in_the_clear(
    cloud: StrictCloud, tokens: type[Tokens]
) -> None:
    driver = open_driver(BUCKET, endpoint=cloud.gcs_endpoint)
    put(driver, "key")
    assert "authorization" not in cloud.requests[-1].headers
    assert tokens.asked == []
    assert not driver.capabilities.presign


def test_credentials_are_looked_for_when_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("STORAGE_EMULATOR_HOST", raising=False)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "absent.json"))
    driver = open_driver(BUCKET)
    assert kind_of(driver, lambda: driver.head("key")) is ErrorKind.UNAUTHENTICATED
    assert not driver.capabilities.presign


@pytest.mark.usefixtures("signed_in")
def test_presigned_url(emulators: Emulators, key: rsa.RSAPrivateKey) -> None:
    server = emulators.server("fake-gcs")
    server.create_bucket(BUCKET)
    driver = GcsDriver(BUCKET, server.endpoint, Account(), timeout=5, connections=4)
    assert driver.capabilities.presign
    url = driver.presign(AWKWARD, expires=timedelta(minutes=5))
    put(open_driver(BUCKET, endpoint=server.endpoint), AWKWARD)
    with urllib.request.urlopen(url) as response:
        assert response.read() == b"0123456789"
    verify(url, key)


def verify(url: str, key: rsa.RSAPrivateKey) -> None:
    """Check the signature as the cloud does ("V4 signing process")."""
    parts = urlsplit(url)
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    assert query["X-Goog-Expires"] == "300"
    unsigned = parts.query.partition("&X-Goog-Signature=")[0]
    request = f"GET\n{parts.path}\n{unsigned}\nhost:{parts.netloc}\n\nhost\nUNSIGNED-PAYLOAD"
    digest = hashes.Hash(hashes.SHA256())
    digest.update(request.encode())
    scope = query["X-Goog-Credential"].partition("/")[2]
    text = f"GOOG4-RSA-SHA256\n{query['X-Goog-Date']}\n{scope}\n{digest.finalize().hex()}"
    signature = bytes.fromhex(query["X-Goog-Signature"])
    key.public_key().verify(signature, text.encode(), padding.PKCS1v15(), hashes.SHA256())
