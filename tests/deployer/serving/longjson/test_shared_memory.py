"""Parts of shared memory: none overlaps another, and all of it comes back."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.serving.longjson.memory import SharedMemory

PAGE = 4096
SIZE = 64 * PAGE


@pytest.fixture
def memory() -> Iterator[SharedMemory]:
    made = SharedMemory.create(SIZE)
    yield made
    made.close()


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 40 * PAGE)), max_size=60))
def test_parts_never_overlap_and_all_comes_back(steps: list[tuple[bool, int]]) -> None:
    memory = SharedMemory.create(SIZE)
    parts: dict[int, int] = {}
    for takes, number in steps:
        if takes or not parts:
            at = memory.take(number)
            if at is None:
                continue
            assert 0 <= at <= SIZE - number
            for start, size in parts.items():
                assert at + number <= start or start + size <= at
            parts[at] = max(number, 1)
        else:
            start = sorted(parts)[number % len(parts)]
            del parts[start]
            memory.give(start)
    for start in parts:
        memory.give(start)
    assert memory.take(SIZE) == 0
    memory.close()


def test_the_front_is_used_again(memory: SharedMemory) -> None:
    first = memory.take(10)
    assert first == 0
    assert memory.take(10) == PAGE
    memory.give(0)
    assert memory.take(PAGE) == 0


def test_what_does_not_fit_is_not_given(memory: SharedMemory) -> None:
    assert memory.take(SIZE + 1) is None
    assert memory.take(SIZE) == 0
    assert memory.take(1) is None


def test_another_mapping_sees_the_same(memory: SharedMemory) -> None:
    import os

    other = SharedMemory(os.dup(memory.fd))
    memory.view[5:8] = b"abc"
    assert bytes(other.view[5:8]) == b"abc"
    other.close()


def test_what_is_far_behind_is_given_back_to_the_system() -> None:
    memory = SharedMemory.create(64 * 1024 * 1024)
    at = memory.take(64 * 1024 * 1024)
    assert at == 0
    memory.view[0:4] = memory.view[-4:] = b"full"
    memory.give(at)
    assert bytes(memory.view[0:4]) == b"full"
    assert bytes(memory.view[-4:]) == bytes(4)
    memory.close()
