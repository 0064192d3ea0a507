"""When to try again, and how long to wait before."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from providers.errors import ErrorKind, StoreError

__all__ = ["PATIENCE", "Retry"]

T = TypeVar("T")

PATIENCE = 2
"""Times as many tries for a store that asks to slow down: it is well, and a pause is what helps.

Of a store that refuses every other request, five tries in a row are refused once in 32 times, and
a publish is dozens of requests.
"""


@dataclass(frozen=True)
class Retry:
    """Exponential back-off with full jitter, bounded in number and in length.

    Full jitter spreads clients that failed together (Brooker, "Exponential Backoff and Jitter",
    AWS Architecture Blog, 2015).

    Attributes:
        attempts: tries in all, the first included; :data:`PATIENCE` times as many if the store asks
            to slow down.
        base: seconds; the upper bound of the first wait.
        ceiling: seconds; the upper bound of every wait.

    """

    attempts: int = 5
    base: float = 0.1
    ceiling: float = 5.0
    sleep: Callable[[float], None] = time.sleep

    def call(self, act: Callable[[], T]) -> T:
        """Return what `act` returns; retry it while it raises a retryable StoreError."""
        tries = 0
        while True:
            try:
                return act()
            except StoreError as error:
                tries += 1
                if not self.again(error, tries):
                    raise
            self.wait(tries - 1)

    def again(self, error: StoreError, tries: int) -> bool:
        """Tell whether to try again after `error`, which try number `tries`, from 1, has met."""
        patience = PATIENCE if error.kind is ErrorKind.THROTTLED and self.attempts > 1 else 1
        return error.retryable and tries < self.attempts * patience

    def wait(self, attempt: int) -> None:
        """Sleep before the try after number `attempt`, counted from 0."""
        bound = min(self.ceiling, self.base * 2.0**attempt)
        self.sleep(random.uniform(0, bound))  # noqa: S311 - spreads load, hides nothing
