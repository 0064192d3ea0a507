"""Faults by script over memory: what the store makes of each, and how often it tries."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from providers.errors import (
    AlreadyExistsError,
    ConflictError,
    ErrorKind,
    PermissionDeniedError,
    PreconditionError,
    StoreError,
    ThrottledError,
    UnavailableError,
)
from providers.faulty import Fault, FaultyDriver
from providers.memory import MemoryDriver, MemoryFault
from providers.model import ByteRange, PutMode
from providers.retry import PATIENCE
from providers.store import Store, StoreOptions
from tests.providers.harness import digest, payload, pieces
from tests.providers.harness_faults import (
    ATTEMPTS,
    BODIES,
    EVER,
    LARGE,
    OPTIONS,
    PART,
    SMALL,
    Scene,
    scene,
)

pytestmark = pytest.mark.usefixtures("waits")


def put_op(body: bytes) -> str:
    return "put" if len(body) <= PART else "finish_upload"


# A response is lost after the server has done the work


@pytest.mark.parametrize("mode", ["create", "overwrite", "update"])
@pytest.mark.parametrize("body", BODIES)
def test_lost_response_of_a_write(body: bytes, mode: str) -> None:
    with scene(Fault(put_op(body), "lost-response", key="key")) as on:
        real: PutMode = "create" if mode == "create" else "overwrite"
        if mode == "update":
            real = on.memory.put("key", b"0", mode="create", metadata={}).version
        meta = on.store.put("key", body, mode=real)
        assert list(on.memory.objects) == ["key"]
        assert on.body("key") == body
        assert meta.sha256 == digest(body)
        assert (meta.key, meta.size) == ("key", len(body))
        assert meta.version == on.store.head("key").version
        assert dict(meta.metadata) == {}
        assert on.memory.uploads == {}


def test_lost_responses_of_an_overwrite() -> None:
    with scene(Fault("put", "lost-response", count=ATTEMPTS - 1)) as on:
        meta = on.store.put("key", SMALL, mode="overwrite")
        assert on.body("key") == SMALL
        assert meta.version == on.store.head("key").version


@pytest.mark.parametrize("body", BODIES)
def test_lost_response_of_somebody_elses_create(body: bytes) -> None:
    """The first try never arrived; before the second one, somebody else takes the key."""

    def intrude(op: str, count: int) -> None:
        if op == put_op(body) and count == 2:
            on.memory.put("key", b"theirs", mode="create", metadata={})

    with scene(Fault(put_op(body), "unavailable"), before=intrude) as on:
        with pytest.raises(AlreadyExistsError):
            on.store.put("key", body, mode="create")
        assert on.body("key") == b"theirs"
        assert on.memory.uploads == {}


@pytest.mark.parametrize("body", BODIES)
def test_lost_response_of_somebody_elses_update(body: bytes) -> None:
    def intrude(op: str, count: int) -> None:
        if op == put_op(body) and count == 2:
            on.memory.put("key", b"theirs", mode="overwrite", metadata={})

    with scene(Fault(put_op(body), "unavailable"), before=intrude) as on:
        version = on.memory.put("key", b"0", mode="create", metadata={}).version
        with pytest.raises(PreconditionError):
            on.store.put("key", body, mode=version)
        assert on.body("key") == b"theirs"


def test_own_object_that_was_replaced_is_not_ours_any_more() -> None:
    """Our write arrived, its answer was lost, and somebody has overwritten it meanwhile."""

    def intrude(op: str, count: int) -> None:
        if op == "head" and count == 1:
            on.memory.put("key", b"theirs", mode="overwrite", metadata={})

    with scene(Fault("put", "lost-response"), before=intrude) as on:
        with pytest.raises(AlreadyExistsError):
            on.store.put("key", SMALL, mode="create")
        assert on.body("key") == b"theirs"


@pytest.mark.parametrize("op", ["start_upload", "put_part"])
def test_lost_response_of_a_step(op: str) -> None:
    with scene(Fault(op, "lost-response", nth=1)) as on:
        on.store.put("key", LARGE, mode="create")
        assert on.body("key") == LARGE


def test_lost_response_of_a_delete() -> None:
    with scene(Fault("delete", "lost-response", count=2)) as on:
        version = on.store.put("key", SMALL, mode="create").version
        on.store.delete("key")
        assert on.memory.objects == {}
        version = on.store.put("key", SMALL, mode="create").version
        on.store.delete("key", if_match=version)
        assert on.memory.objects == {}


# The store is busy or down, for a while or for good


VERBS: dict[str, tuple[str, Callable[[Store, Path], Any]]] = {
    "put": ("put", lambda store, _: store.put("key", SMALL, mode="overwrite")),
    "put-create": ("put", lambda store, _: store.put("new", SMALL, mode="create")),
    "put-stream": ("put", lambda store, _: store.put("key", pieces(SMALL), mode="overwrite")),
    "start": ("start_upload", lambda store, _: store.put("key", LARGE, mode="overwrite")),
    "part": ("put_part", lambda store, _: store.put("key", LARGE, mode="overwrite")),
    "finish": ("finish_upload", lambda store, _: store.put("key", LARGE, mode="overwrite")),
    "finish-create": ("finish_upload", lambda store, _: store.put("new", LARGE, mode="create")),
    "get": ("get", lambda store, _: store.get("old")),
    "get-range": ("get", lambda store, _: store.get("old", range=ByteRange(1, 5))),
    "download": ("get", lambda store, folder: store.download("old", folder / "old")),
    "head": ("head", lambda store, _: store.head("old")),
    "exists": ("head", lambda store, _: store.exists("old")),
    "delete": ("delete", lambda store, _: store.delete("old")),
    "list": ("list", lambda store, _: list(store.list())),
}
OP_OF_VERB = {"start": "put", "part": "put", "finish": "put", "download": "get", "exists": "head"}


@pytest.mark.parametrize("kind", ["unavailable", "throttled"])
@pytest.mark.parametrize("verb", VERBS)
def test_trouble_that_passes(verb: str, kind: Any, tmp_path: Path) -> None:
    op, act = VERBS[verb]
    with scene(Fault(op, kind, count=ATTEMPTS - 1)) as on:
        on.memory.put("old", SMALL, mode="create", metadata={})
        result = act(on.store, tmp_path)
        if isinstance(result, bytes):
            assert result in (SMALL, SMALL[1:5])
        if verb.startswith(("put", "start", "part", "finish")):
            key = "new" if verb.endswith("create") else "key"
            assert on.body(key) in (SMALL, LARGE)
            assert on.memory.uploads == {}
        if verb == "download":
            assert (tmp_path / "old").read_bytes() == SMALL


@pytest.mark.parametrize(
    ("kind", "error"), [("unavailable", UnavailableError), ("throttled", ThrottledError)]
)
@pytest.mark.parametrize("verb", VERBS)
def test_trouble_that_stays(
    verb: str, kind: Any, error: type[StoreError], tmp_path: Path, waits: list[int]
) -> None:
    op, act = VERBS[verb]
    acted = Scene([Fault(op, kind, count=EVER)])
    acted.memory.put("old", SMALL, mode="create", metadata={})
    with acted.store, pytest.raises(error) as caught:
        act(acted.store, tmp_path)
    assert caught.value.retryable
    assert caught.value.hint
    assert caught.value.op == OP_OF_VERB.get(verb.partition("-")[0], op)
    in_flight = 4 if op == "put_part" else 1  # parts fail side by side
    tries = ATTEMPTS * (PATIENCE if error is ThrottledError else 1)
    assert tries <= acted.calls(op) <= tries * in_flight
    assert len(waits) >= tries - 1
    assert set(acted.memory.objects) == {"old"}
    assert list(tmp_path.glob("old")) == []


def test_everything_is_down() -> None:
    """Also the check whose object it is fails: the error is the write's, and in bounded tries."""
    script = [Fault(op, "unavailable", count=EVER) for op in ("put", "head", "get")]
    acted = Scene(script)
    with acted.store, pytest.raises(UnavailableError) as caught:
        acted.store.put("key", SMALL, mode="create")
    assert caught.value.op == "put"
    assert acted.calls("put") <= ATTEMPTS
    assert acted.calls("head") <= ATTEMPTS * ATTEMPTS
    assert caught.value.retryable


@pytest.mark.parametrize("verb", VERBS)
def test_denied_is_not_retried(verb: str, tmp_path: Path, waits: list[int]) -> None:
    op, act = VERBS[verb]
    acted = Scene([Fault(op, "denied", count=EVER)])
    acted.memory.put("old", SMALL, mode="create", metadata={})
    with acted.store, pytest.raises(PermissionDeniedError) as caught:
        act(acted.store, tmp_path)
    assert acted.calls(op) <= (4 if op == "put_part" else 1)
    assert waits == []
    assert not caught.value.retryable
    assert caught.value.hint


# Two writers meet


@pytest.mark.parametrize("mode", ["create", "overwrite"])
def test_conflict_of_a_small_write(mode: PutMode) -> None:
    with scene(Fault("put", "conflict", count=2)) as on:
        on.store.put("key", SMALL, mode=mode)
        assert on.body("key") == SMALL


@pytest.mark.parametrize("mode", ["create", "overwrite"])
def test_conflict_of_a_large_write_sends_the_parts_again(mode: PutMode, tmp_path: Path) -> None:
    path = tmp_path / "body"
    path.write_bytes(LARGE)
    for body in (LARGE, path):
        with scene(Fault("finish_upload", "conflict")) as on:
            on.store.put("key", body, mode=mode)
            assert on.body("key") == LARGE
            assert on.calls("start_upload") == 2
            assert on.calls("put_part") == 8
            assert on.memory.uploads == {}


def test_conflict_of_a_stream_that_cannot_be_read_again() -> None:
    with scene(Fault("finish_upload", "conflict")) as on:
        with pytest.raises(ConflictError) as caught:
            on.store.put("key", pieces(LARGE), mode="create")
        assert caught.value.retryable
        assert caught.value.hint
        assert on.memory.objects == {}
        assert on.memory.uploads == {}


@pytest.mark.parametrize("body", BODIES)
def test_conflict_that_stays(body: bytes) -> None:
    acted = Scene([Fault(put_op(body), "conflict", count=EVER)])
    with acted.store, pytest.raises(ConflictError) as caught:
        acted.store.put("key", body, mode="create")
    assert caught.value.op == "put"
    assert 2 <= acted.calls(put_op(body)) <= ATTEMPTS
    assert acted.memory.objects == {}
    assert acted.memory.uploads == {}


# The script itself, and what else


def test_abort_that_fails_hides_nothing() -> None:
    """What the caller learns is why the upload failed, not why it could not be cleaned up."""

    class Unaborted(MemoryDriver):
        def abort_upload(self, key: str, upload: str) -> None:
            raise MemoryFault(ErrorKind.PERMISSION_DENIED, "may not abort")

    mine = ValueError("mine")

    def broken() -> Iterator[bytes]:
        yield LARGE
        raise mine

    with Store(Unaborted(), OPTIONS) as store, pytest.raises(ValueError, match="mine") as caught:
        store.put("key", broken(), mode="create")
    assert caught.value is mine


def test_script_that_is_not_played_is_noticed() -> None:
    driver = FaultyDriver(MemoryDriver(), [Fault("get", "unavailable", nth=2)])
    with Store(driver, OPTIONS) as store:
        store.put("key", SMALL, mode="create")
        store.get("key")
    with pytest.raises(AssertionError, match="never fired"):
        driver.assert_exhausted()


def test_of_two_faults_for_one_call_the_second_is_not_forgotten() -> None:
    script = [Fault("get", "unavailable"), Fault("get", "throttled")]
    driver = FaultyDriver(MemoryDriver(), script)
    with Store(driver, OPTIONS) as store:
        store.put("key", SMALL, mode="create")
        store.get("key")
    with pytest.raises(AssertionError, match="throttled"):
        driver.assert_exhausted()


def test_parts_in_memory_are_bounded() -> None:
    """At most `workers` parts wait to be sent, however fast the source is."""
    driver = MemoryDriver()
    lock = threading.Lock()
    level = {"read": 0, "sent": 0, "most": 0}

    class Slow(MemoryDriver):
        def put_part(self, *args: Any, **kwargs: Any) -> Any:
            part = super().put_part(*args, **kwargs)
            with lock:
                level["sent"] += 1
            return part

    def source() -> Iterator[bytes]:
        for number in range(50):
            with lock:
                level["read"] += 1
                level["most"] = max(level["most"], level["read"] - level["sent"])
            yield payload(PART, number)

    driver = Slow()
    with Store(driver, StoreOptions(part_size=PART, workers=3)) as store:
        store.put("key", source(), mode="create")
    assert driver.objects["key"][1].size == 50 * PART
    assert level["most"] <= 3 + 2  # and the one being read, and the one read ahead
