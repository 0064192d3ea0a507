"""What Cloud Storage's codes and lost connections are told as."""

import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler

import google.auth.exceptions
import pytest

from providers._gcs_http import GcsError
from providers.errors import ErrorKind
from providers.gcs import GcsDriver, open_driver
from providers.model import ByteRange, Part, Version
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
from tests.providers.gcs_driver.gcs_driver_kit import BUCKET, kind_of, put, read, serving
from tests.providers.harness_servers import Emulators


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
