"""What Ctrl-C and SIGTERM do while a drill is played."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["InterruptedDrillError", "interruptible"]


class InterruptedDrillError(Exception):
    """The user asked for an end; everything has been rolled back."""


@contextmanager
def interruptible(stop: threading.Event) -> Iterator[None]:
    """Turn Ctrl-C and SIGTERM into an orderly end; a second one is as usual."""

    def end(number: int, _frame: FrameType | None) -> None:
        stop.set()
        signal.signal(number, before[signal.Signals(number)])

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        for number in before:
            signal.signal(number, end)
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
