"""One act on several stacks at once, with one end: Ctrl-C reaches all engines."""

import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from types import FrameType
from typing import TypeVar

from deployer.errors import DeployerError
from deployer.stacks.acts import Engine, Target

__all__ = ["together"]

_T = TypeVar("_T")
_FIRST = "steps under way are finished and noted down; Ctrl-C again ends at once"
_LOOK = 0.2
"""Seconds between two looks for a signal, which wakes nobody who waits."""


def together(
    engine: Engine,
    targets: Sequence[Target],
    act: Callable[[Target], _T],
    *,
    say: Callable[[str], None],
) -> Mapping[str, _T | DeployerError]:
    """Do `act` on all stacks at once and return cloud → what came of it.

    Ctrl-C and SIGTERM have every engine finish the steps under way and save what it did; another
    one ends them at once.

    Args:
        engine: whose engines are told.
        targets: one for each cloud.
        act: raises DeployerError if it fails.
        say: is told that an end is on its way.

    Raises:
        KeyboardInterrupt: after all engines have come to an end.

    """
    results: dict[str, _T | DeployerError] = {}
    pool = ThreadPoolExecutor(max_workers=max(1, len(targets)))
    with _signals() as seen, pool:
        futures = {pool.submit(act, target): target.cloud for target in targets}
        left: set[Future[_T]] = set(futures)
        told = 0
        while left:
            done, left = wait(left, timeout=_LOOK, return_when=FIRST_COMPLETED)
            for future in done:
                try:
                    results[futures[future]] = future.result()
                except DeployerError as error:
                    results[futures[future]] = error
            while told < len(seen):
                told += 1
                engine.interrupts.interrupt()
                say(_FIRST if told == 1 else "ending at once")
        if told < len(seen):
            raise KeyboardInterrupt
    if engine.interrupts.asked:
        raise KeyboardInterrupt
    return {target.cloud: results[target.cloud] for target in targets}


@contextmanager
def _signals() -> Iterator[list[int]]:
    """Yield a list that Ctrl-C and SIGTERM are noted down in, instead of breaking anything off."""
    seen: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield seen
        return

    def note(number: int, _frame: FrameType | None) -> None:
        seen.append(number)

    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, note) for number in numbers]
    try:
        yield seen
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)
