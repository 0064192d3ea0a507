"""Faults by script over memory: reads and listings that break, and what each error says."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from providers.errors import ErrorKind, IntegrityError, StoreError, error_class
from providers.faulty import Fault
from providers.memory import MemoryDriver, MemoryFault
from providers.model import ByteRange, ObjectMeta, Read, Version
from providers.store import Store
from tests.providers.harness import digest, pieces
from tests.providers.harness_faults import BODIES, LARGE, OPTIONS, SMALL, scene

pytestmark = pytest.mark.usefixtures("waits")

# Reads that go wrong


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("times", [1, 3])
def test_truncated_read_goes_on(body: bytes, times: int, tmp_path: Path) -> None:
    with scene(Fault("get", "truncate", count=times)) as on:
        on.store.put("key", body, mode="create")
        assert on.store.get("key") == body
        assert on.calls("get") == times + 1
    with scene(Fault("get", "truncate", count=times)) as on:
        on.store.put("key", body, mode="create")
        on.store.download("key", tmp_path / "key")
        assert (tmp_path / "key").read_bytes() == body


def test_truncated_range_goes_on() -> None:
    with scene(Fault("get", "truncate")) as on:
        on.store.put("key", LARGE, mode="create")
        assert on.store.get("key", range=ByteRange(500, 2500)) == LARGE[500:2500]


@pytest.mark.parametrize("body", BODIES)
def test_flipped_byte_is_found(body: bytes, tmp_path: Path) -> None:
    with scene(Fault("get", "flip", count=2)) as on:
        on.store.put("key", body, mode="create")
        with pytest.raises(IntegrityError) as caught:
            on.store.get("key")
        assert not caught.value.retryable
        assert caught.value.hint
        assert caught.value.url.endswith("key")
        with pytest.raises(IntegrityError):
            on.store.download("key", tmp_path / "key")
        assert list(tmp_path.iterdir()) == []


class Breaking(MemoryDriver):
    """Breaks the first read, or the first listing, after so many pieces of it."""

    def __init__(self, after: int) -> None:
        super().__init__()
        self.after = after
        self.broken = 0

    @contextmanager
    def get(
        self, key: str, *, range: ByteRange | None = None, if_match: Version | None = None
    ) -> Iterator[Read]:
        with super().get(key, range=range, if_match=if_match) as read:
            yield Read(read.meta, self._break(pieces(b"".join(read.chunks), 10)))

    def list(self, prefix: str, *, start_after: str | None = None) -> Iterator[ObjectMeta]:
        return self._break(super().list(prefix, start_after=start_after))

    def _break(self, items: Iterator[Any]) -> Iterator[Any]:
        for number, item in enumerate(items):
            if number == self.after and not self.broken:
                break
            yield item
        if not self.broken:
            self.broken += 1
            raise MemoryFault(ErrorKind.UNAVAILABLE, "the connection broke")


@pytest.mark.parametrize("after", [0, 1, 5, 10, 11])
def test_read_that_breaks(after: int) -> None:
    """At the beginning, in the middle, and when the last byte is already there."""
    driver = Breaking(after)
    with Store(driver, OPTIONS) as store:
        driver.put("key", SMALL, mode="create", metadata={})
        assert store.get("key", sha256=digest(SMALL)) == SMALL
        assert driver.broken == 1


def test_read_of_nothing_that_breaks() -> None:
    driver = Breaking(0)
    with Store(driver, OPTIONS) as store:
        driver.put("empty", b"", mode="create", metadata={})
        assert store.get("empty") == b""


@pytest.mark.parametrize("after", [0, 1, 5, 20])
def test_listing_that_breaks(after: int) -> None:
    driver = Breaking(after)
    keys = [f"{number:02}" for number in range(20)]
    with Store(driver, OPTIONS) as store:
        for key in keys:
            driver.put(key, b"x", mode="create", metadata={})
        assert [meta.key for meta in store.list()] == keys
        assert driver.broken == 1


# The table of errors


def raising(kind: ErrorKind) -> MemoryDriver:
    class Raising(MemoryDriver):
        def head(self, key: str) -> ObjectMeta:
            raise MemoryFault(kind, "said the cloud")

    return Raising()


@pytest.mark.parametrize("kind", list(ErrorKind))
def test_every_row_of_the_error_table(kind: ErrorKind) -> None:
    with Store(raising(kind), OPTIONS) as store, pytest.raises(StoreError) as caught:
        store.head("key")
    error = caught.value
    assert type(error) is error_class(kind)
    assert error.kind is kind
    assert (error.op, error.url, error.message) == ("head", "memory://key", "said the cloud")
    assert isinstance(error.__cause__, MemoryFault)
    assert error.retryable == (
        kind in {ErrorKind.CONFLICT, ErrorKind.THROTTLED, ErrorKind.UNAVAILABLE}
    )


def test_strangers_errors_pass_unchanged() -> None:
    """A defect of ours is not dressed up as a failure of the cloud."""

    class Defective(MemoryDriver):
        def head(self, key: str) -> ObjectMeta:
            raise ZeroDivisionError

    with Store(Defective(), OPTIONS) as store, pytest.raises(ZeroDivisionError):
        store.head("key")


@pytest.mark.parametrize(
    "secret",
    [
        "https://x/?sig=SECRETSECRET&se=1",
        "https://x/?X-Amz-Signature=SECRETSECRET",
        "https://x/?X-Goog-Signature=SECRETSECRET",
        "AccountName=a;AccountKey=SECRETSECRET==;x",
        "SharedAccessSignature=sv=1&sig=SECRETSECRET",
        "X-Amz-Security-Token=SECRETSECRET",
    ],
)
def test_messages_hold_no_secret(secret: str) -> None:
    class Telltale(MemoryDriver):
        def head(self, key: str) -> ObjectMeta:
            raise MemoryFault(ErrorKind.OTHER, f"cannot reach {secret}\nat all")

    with Store(Telltale(), OPTIONS) as store, pytest.raises(StoreError) as caught:
        store.head("key")
    assert "SECRETSECRET" not in str(caught.value)
    assert "\n" not in str(caught.value)
