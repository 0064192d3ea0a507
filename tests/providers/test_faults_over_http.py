"""Faults by script over HTTP: the same promises, through the real SDKs and the strict fake."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from providers.errors import (
    AlreadyExistsError,
    BucketNotFoundError,
    ConflictError,
    IntegrityError,
    PermissionDeniedError,
    PreconditionError,
    RangeError,
    StoreError,
    ThrottledError,
    UnauthenticatedError,
    UnavailableError,
)
from providers.faulty import FaultyDriver
from providers.model import ByteRange, PutMode
from providers.retry import PATIENCE
from providers.store import Store
from tests.fakes import Fault, StrictCloud
from tests.fakes.faults import (
    Action,
    conflict409,
    cut_upload,
    error_in_200,
    expire_credentials,
    flip_byte,
    lose_response,
    reset,
    skew_clock,
    stall,
    status,
    throttle,
    truncate,
)
from tests.providers.harness import digest, payload, pieces
from tests.providers.harness_clouds import CloudHarness
from tests.providers.test_conformance_strict import harness_on

ATTEMPTS = 3
SMALL = payload(3000)
CLOUDS = ["s3", "gcs", "azure"]
PARTS_KEYS = ".deployer-parts/*"


@dataclass(frozen=True)
class Verbs:
    """What the fake calls the requests of one cloud."""

    put: str
    part: str
    finish: str
    get: str
    head: str
    list: str
    delete: str
    part_key: str = "*"


VERBS = {
    "s3": Verbs(
        "PutObject",
        "UploadPart",
        "CompleteMultipartUpload",
        "GetObject",
        "HeadObject",
        "ListObjectsV2",
        "DeleteObject",
    ),
    "gcs": Verbs(
        "objects.insert",
        "objects.insert",
        "objects.compose",
        "objects.download",
        "objects.get",
        "objects.list",
        "objects.delete",
        part_key=PARTS_KEYS,
    ),
    "azure": Verbs(
        "PutBlob",
        "PutBlock",
        "PutBlockList",
        "GetBlob",
        "GetBlobProperties",
        "ListBlobs",
        "DeleteBlob",
    ),
}


pytestmark = pytest.mark.usefixtures("waits")


@dataclass(frozen=True)
class Scene:
    """A store on the fake, and the fake."""

    name: str
    cloud: StrictCloud
    harness: CloudHarness
    store: Store

    @property
    def verbs(self) -> Verbs:
        return VERBS[self.name]

    @property
    def large(self) -> bytes:
        return payload(2 * self.harness.part_size + 100)

    def fault(self, action: Action, operation: str, key: str = "*", **when: Any) -> None:
        """Add a fault to the script; the scene fails if it does not fire."""
        self.cloud.script(Fault(action, dialect=self.name, operation=operation, key=key, **when))

    def objects(self) -> dict[str, bytes]:
        return {key: self.harness.raw_get(key) for key in self.harness.raw_keys()}

    def requests(self, operation: str) -> int:
        return sum(entry.operation == operation for entry in self.cloud.requests)


@contextmanager
def scene(name: str, **options: Any) -> Iterator[Scene]:
    """Yield a scene; leaving the fake's context checks that every fault fired."""
    options = {"attempts": ATTEMPTS, "timeout": 10.0, **options}
    with (
        StrictCloud() as cloud,
        harness_on(cloud, name) as harness,
        harness.open(**options) as store,
    ):
        yield Scene(name, cloud, harness, store)


def writes(on: Scene, size: str) -> tuple[bytes, str]:
    """Return a body and the request that makes it visible."""
    return (SMALL, on.verbs.put) if size == "small" else (on.large, on.verbs.finish)


@pytest.mark.parametrize("name", CLOUDS)
@pytest.mark.parametrize("size", ["small", "large"])
@pytest.mark.parametrize("mode", ["create", "overwrite", "update"])
def test_lost_response_of_a_write(name: str, size: str, mode: str) -> None:
    with scene(name) as on:
        body, verb = writes(on, size)
        real: PutMode = "create" if mode == "create" else "overwrite"
        if mode != "create":
            version = on.store.put("key", b"0", mode="create").version
            real = version if mode == "update" else "overwrite"
        on.fault(lose_response(), verb, key="key")
        meta = on.store.put("key", body, mode=real)
        assert on.objects() == {"key": body}
        assert meta.version == on.store.head("key").version
        assert on.store.get("key", sha256=digest(body)) == body
        if on.harness.shows_uploads:
            assert on.harness.raw_uploads() == 0


@pytest.mark.parametrize("name", CLOUDS)
@pytest.mark.parametrize("size", ["small", "large"])
def test_lost_response_of_somebody_elses_write(name: str, size: str) -> None:
    """The first try is refused before anything happens; then somebody else takes the key."""
    with scene(name) as on:
        body, verb = writes(on, size)
        on.fault(status(503), verb, key="key")
        done: list[bool] = []

        def intrude(request: Any, response: Any) -> None:
            if request.operation == verb and request.key == "key" and not done:
                done.append(True)
                on.harness.raw_put("key", b"theirs")

        on.cloud.on_response(intrude)
        with pytest.raises(AlreadyExistsError):
            on.store.put("key", body, mode="create")
        assert on.objects() == {"key": b"theirs"}


@pytest.mark.parametrize("name", CLOUDS)
@pytest.mark.parametrize(
    "action",
    [status(503), status(500), throttle(), reset()],
    ids=lambda action: action.kind + str(action.status or ""),
)
def test_trouble_that_passes(name: str, action: Action, tmp_path: Path) -> None:
    with scene(name) as on:
        verbs = on.verbs
        large = on.large
        for verb, key in (
            (verbs.put, "small"),
            (verbs.part, on.verbs.part_key),
            (verbs.finish, "large"),
            (verbs.get, "*"),
            (verbs.head, "*"),
            (verbs.list, "*"),
            (verbs.delete, "small"),
        ):
            on.fault(action, verb, key=key)
        on.store.put("small", SMALL, mode="create")
        on.store.put("large", large, mode="create")
        assert on.store.get("small") == SMALL
        on.store.download("large", tmp_path / "large")
        assert (tmp_path / "large").read_bytes() == large
        assert [meta.key for meta in on.store.list()] == ["large", "small"]
        on.store.delete("small")
        assert on.objects() == {"large": large}


@pytest.mark.parametrize("name", CLOUDS)
@pytest.mark.parametrize(
    ("action", "error"),
    [
        (status(503), UnavailableError),
        (status(500), UnavailableError),
        (reset(), UnavailableError),
        (throttle(), ThrottledError),
    ],
    ids=["503", "500", "reset", "throttle"],
)
def test_trouble_that_stays(name: str, action: Action, error: type[StoreError]) -> None:
    if name == "azure" and action.status == 503:
        error = ThrottledError  # 503 ServerBusy is how Azure throttles
    with scene(name) as on:
        on.store.put("old", SMALL, mode="create")
        before = {verb: on.requests(verb) for verb in (on.verbs.put, on.verbs.get)}
        on.fault(action, on.verbs.put, count=None)
        on.fault(action, on.verbs.get, count=None)
        with pytest.raises(error) as caught:
            on.store.put("key", SMALL, mode="overwrite")
        assert caught.value.retryable
        assert caught.value.op == "put"
        with pytest.raises(error) as caught:
            on.store.get("old")
        assert caught.value.op == "get"
        for verb, count in before.items():
            assert on.requests(verb) - count == ATTEMPTS * (
                PATIENCE if error is ThrottledError else 1
            )


@pytest.mark.parametrize("name", CLOUDS)
@pytest.mark.parametrize(
    "action",
    [cut_upload(1000), reset(), lose_response()],
    ids=lambda action: action.kind + str(action.status or ""),
)
def test_part_that_is_cut(name: str, action: Action) -> None:
    with scene(name) as on:
        on.fault(action, on.verbs.part, key=on.verbs.part_key, nth=2)
        on.store.put("key", on.large, mode="create")
        assert on.objects() == {"key": on.large}


@pytest.mark.parametrize("name", CLOUDS)
def test_cut_small_write_leaves_nothing(name: str) -> None:
    with scene(name, attempts=1) as on:
        on.fault(cut_upload(1000), on.verbs.put)
        with pytest.raises(UnavailableError):
            on.store.put("key", SMALL, mode="create")
        assert on.objects() == {}


@pytest.mark.parametrize("name", CLOUDS)
@pytest.mark.parametrize("received", [0, 1, 1500, 2999])
def test_truncated_read_goes_on(name: str, received: int) -> None:
    with scene(name) as on:
        on.store.put("key", SMALL, mode="create")
        on.fault(truncate(received), on.verbs.get)
        assert on.store.get("key") == SMALL
        on.fault(truncate(100), on.verbs.get)
        assert on.store.get("key", range=ByteRange(50, 2000)) == SMALL[50:2000]


@pytest.mark.parametrize("name", CLOUDS)
def test_truncated_download_goes_on(name: str, tmp_path: Path) -> None:
    with scene(name) as on:
        body = on.large
        on.store.put("key", body, mode="create")
        on.fault(truncate(5000), on.verbs.get, nth=2)
        on.store.download("key", tmp_path / "key")
        assert (tmp_path / "key").read_bytes() == body


@pytest.mark.parametrize("name", CLOUDS)
def test_flipped_byte_is_found(name: str, tmp_path: Path) -> None:
    with scene(name) as on:
        on.store.put("key", SMALL, mode="create")
        on.fault(flip_byte(1000), on.verbs.get, count=2)
        with pytest.raises(IntegrityError):
            on.store.get("key")
        with pytest.raises(IntegrityError):
            on.store.download("key", tmp_path / "key")
        assert list(tmp_path.iterdir()) == []
        assert on.store.get("key") == SMALL


@pytest.mark.parametrize("name", CLOUDS)
def test_bit_rot_is_found(name: str, tmp_path: Path) -> None:
    with scene(name) as on:
        on.store.put("key", SMALL, mode="create")
        rotten = SMALL[:-1] + bytes([SMALL[-1] ^ 1])
        on.cloud.tamper(name, on.harness.bucket, "key", rotten, bit_rot=True)
        with pytest.raises(IntegrityError):
            on.store.get("key")
        with pytest.raises(IntegrityError):
            on.store.download("key", tmp_path / "key")
        assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", CLOUDS)
def test_stalled_read_is_cut_and_retried(name: str) -> None:
    with scene(name, timeout=0.5) as on:
        on.store.put("key", SMALL, mode="create")
        on.fault(stall(after=1000), on.verbs.get)
        began = time.monotonic()
        assert on.store.get("key") == SMALL
        assert time.monotonic() - began < 30


@pytest.mark.parametrize("name", CLOUDS)
def test_stalled_write_is_cut_and_found_to_be_ours(name: str) -> None:
    with scene(name, timeout=0.5) as on:
        on.fault(stall(), on.verbs.put)
        on.store.put("key", SMALL, mode="create")
        assert on.objects() == {"key": SMALL}


@pytest.mark.parametrize("name", CLOUDS)
@pytest.mark.parametrize("size", ["small", "large"])
def test_denied(name: str, size: str) -> None:
    codes = {"s3": "AccessDenied", "gcs": "forbidden", "azure": "AuthorizationFailure"}
    with scene(name) as on:
        body, verb = writes(on, size)
        on.fault(status(403, codes[name]), verb, key="key")
        with pytest.raises(PermissionDeniedError) as caught:
            on.store.put("key", body, mode="overwrite")
        assert caught.value.hint
        assert on.objects() == {}


@pytest.mark.parametrize(
    ("name", "action"),
    [
        ("s3", expire_credentials()),
        ("gcs", expire_credentials()),
        ("azure", expire_credentials()),
        ("s3", skew_clock()),
        ("azure", skew_clock()),  # Cloud Storage checks no clock of the client's
    ],
    ids=lambda value: getattr(value, "kind", value),
)
def test_unauthenticated(name: str, action: Action) -> None:
    with scene(name) as on:
        for verb, act in (
            (on.verbs.put, lambda: on.store.put("key", SMALL, mode="create")),
            (on.verbs.get, lambda: on.store.get("key")),
            (on.verbs.list, lambda: list(on.store.list())),
        ):
            on.fault(action, verb)
            with pytest.raises(UnauthenticatedError) as caught:
                act()
            assert caught.value.hint
            assert not caught.value.retryable


@pytest.mark.parametrize("name", CLOUDS)
def test_rows_of_the_error_table(name: str) -> None:
    """Each error that the cloud itself answers, by its own document."""
    with scene(name) as on:
        stale = on.store.put("key", SMALL, mode="create").version
        on.store.put("key", SMALL + b".", mode="overwrite")
        with pytest.raises(AlreadyExistsError):
            on.store.put("key", SMALL, mode="create")
        with pytest.raises(PreconditionError):
            on.store.put("key", SMALL, mode=stale)
        with pytest.raises(PreconditionError):
            on.store.get("key", if_match=stale)
        with pytest.raises(RangeError):
            on.store.get("key", range=ByteRange(len(SMALL) + 1))
        with on.harness.open_missing_bucket() as missing, pytest.raises(BucketNotFoundError):
            missing.get("key")


def test_s3_conflict_of_a_large_write_sends_the_parts_again() -> None:
    with scene("s3") as on:
        body = on.large
        on.fault(conflict409(), on.verbs.finish)
        on.store.put("key", body, mode="create")
        assert on.objects() == {"key": body}
        assert on.requests(on.verbs.part) == 6
        assert on.harness.raw_uploads() == 0


def test_s3_conflict_of_a_small_write_is_retried() -> None:
    with scene("s3") as on:
        on.fault(conflict409(), on.verbs.put)
        on.store.put("key", SMALL, mode="create")
        assert on.objects() == {"key": SMALL}


def test_s3_conflict_of_a_stream() -> None:
    with scene("s3") as on:
        on.fault(conflict409(), on.verbs.finish)
        with pytest.raises(ConflictError):
            on.store.put("key", pieces(on.large, 100_000), mode="create")
        assert on.objects() == {}
        assert on.harness.raw_uploads() == 0


def test_s3_error_inside_a_successful_answer() -> None:
    """CompleteMultipartUpload may answer 200 and say in its body that it failed."""
    with scene("s3") as on:
        body = on.large
        on.fault(error_in_200(), on.verbs.finish)
        on.store.put("key", body, mode="create")
        assert on.objects() == {"key": body}


@pytest.mark.parametrize("name", CLOUDS)
def test_wrapper_without_faults_over_http(name: str) -> None:
    with scene(name) as on:
        faulty = FaultyDriver(on.store.driver)
        with Store(faulty, on.store.options) as store:
            store.put("key", SMALL, mode="create")
            assert store.get("key") == SMALL
        faulty.assert_exhausted()
