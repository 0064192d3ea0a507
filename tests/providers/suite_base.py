"""What every part of the conformance suite shares."""

import threading
from collections.abc import Callable, Iterator, Mapping
from typing import ClassVar, TypeVar

import pytest

from providers.store import Store
from tests.providers.harness import Gap, Harness

__all__ = ["SuiteBase", "at_once"]

T = TypeVar("T")


class SuiteBase:
    """Fixtures of the suite; a backend's class replaces `harness`.

    Cases ask for `harness`, `store`, `ranged` and `tmp_path` only, so that a saboteur can be held against
    them without pytest.

    Attributes:
        cloud: the name under which DEPLOYER_TEST_REQUIRE can demand the backend.
        gaps: name of a case, with or without its parameters, to why it fails here.

    """

    cloud: ClassVar[str] = ""
    gaps: ClassVar[Mapping[str, Gap]] = {}

    @pytest.fixture
    def harness(self) -> Iterator[Harness]:
        """Yield the backend's harness."""
        raise NotImplementedError

    @pytest.fixture
    def store(self, harness: Harness) -> Iterator[Store]:
        """Yield a store on the harness's place."""
        with harness.open() as store:
            yield store

    @pytest.fixture
    def ranged(self, harness: Harness) -> Iterator[Store]:
        """Yield a store that downloads in many small ranges."""
        with harness.open(part_size=harness.range_size) as store:
            yield store


def at_once(count: int, act: Callable[[int], T]) -> list[T | Exception]:
    """Call `act` with 0, 1, … in `count` threads that start together; return what came of each."""
    outcomes: dict[int, T | Exception] = {}
    barrier = threading.Barrier(count)

    def run(number: int) -> None:
        barrier.wait()
        try:
            outcomes[number] = act(number)
        except Exception as error:  # noqa: BLE001 - the test judges it
            outcomes[number] = error

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [outcomes[number] for number in range(count)]
