"""When to try again, and how long to wait before."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from providers.errors import StoreError

__all__ = ["Retry"]

T = TypeVar("T")


@dataclass(frozen=True)
class Retry:
    """Exponential back-off with full jitter, bounded in number and in length.

    Full jitter spreads clients that failed together (Brooker, "Exponential Backoff and Jitter",
    AWS Architecture Blog, 2015).

    Attributes:
        attempts: tries in all, the first included.
        base: seconds; the upper bound of the first wait.
        ceiling: seconds; the upper bound of every wait.

    """

    attempts: int = 5
    base: float = 0.1
    ceiling: float = 5.0
    sleep: Callable[[float], None] = time.sleep

    def call(self, act: Callable[[], T]) -> T:
        """Return what `act` returns; retry it while it raises a retryable StoreError."""
        for attempt in range(self.attempts - 1):
            try:
                return act()
            except StoreError as error:
                if not error.retryable:
                    raise
            self.wait(attempt)
        return act()

    def wait(self, attempt: int) -> None:
        """Sleep before the try after number `attempt`, counted from 0."""
        bound = min(self.ceiling, self.base * 2.0**attempt)
        self.sleep(random.uniform(0, bound))  # noqa: S311 - spreads load, hides nothing
