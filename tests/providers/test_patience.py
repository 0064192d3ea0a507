"""How often a store is asked again."""

import pytest

from providers.errors import StoreError, ThrottledError, UnauthenticatedError, UnavailableError
from providers.retry import PATIENCE, Retry


@pytest.mark.parametrize(
    ("error", "attempts", "asked"),
    [
        (UnavailableError("gone"), 5, 5),
        (ThrottledError("slow down"), 5, 5 * PATIENCE),
        (ThrottledError("slow down"), 1, 1),  # one try is one try
        (UnauthenticatedError("who?"), 5, 1),
    ],
)
def test_tries_are_bounded(error: StoreError, attempts: int, asked: int) -> None:
    calls: list[int] = []
    waits: list[float] = []

    def fail() -> None:
        calls.append(1)
        raise error

    with pytest.raises(type(error)):
        Retry(attempts=attempts, sleep=waits.append).call(fail)
    assert len(calls) == asked
    assert len(waits) == asked - 1
    assert all(0 <= seconds <= 5.0 for seconds in waits)


def test_it_succeeds_in_the_end() -> None:
    left = [ThrottledError("slow down")] * (5 * PATIENCE - 1)

    def act() -> str:
        if left:
            raise left.pop()
        return "done"

    assert Retry(sleep=lambda _: None).call(act) == "done"
