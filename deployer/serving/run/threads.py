"""Work in threads that nothing waits for: a cloud that does not answer must hold up nobody."""

import asyncio
import queue
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from deployer.errors import DeployerError, FailedError, TimedOutError, from_store_error
from providers.errors import StoreError

__all__ = ["in_thread", "within"]

T = TypeVar("T")


def within(seconds: float, act: Callable[[], T], *, done: Callable[[], None] | None = None) -> T:
    """Return what `act` returns, or raise what it raises.

    Args:
        seconds: that it may take.
        act: to be done; it goes on in its thread when nobody waits any more.
        done: called when it has ended, late or not.

    Raises:
        TimedOutError: it takes longer.

    """
    answers: queue.SimpleQueue[tuple[T | None, Exception | None]] = queue.SimpleQueue()

    def run() -> None:
        try:
            answers.put((act(), None))
        except Exception as error:  # noqa: BLE001 - raised where it is waited for
            answers.put((None, error))
        finally:
            if done is not None:
                done()

    # No pool: at the end of the program it would wait for what does not end.
    threading.Thread(target=run, name="within", daemon=True).start()
    try:
        result, failed = answers.get(timeout=seconds)
    except queue.Empty:
        raise TimedOutError(f"no answer within {seconds:g} s", hint="it is asked again") from None
    if failed is not None:
        raise failed
    return result  # type: ignore[return-value]  # T may be None


async def in_thread(act: Callable[[], T]) -> T:
    """Return what `act` returns, done in a thread of its own.

    Raises:
        DeployerError: also in place of a StoreError, and of what nobody foresaw.

    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def settle(result: T | None, error: Exception | None) -> None:
        if future.done():
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(result)  # type: ignore[arg-type]  # T may be None

    def run() -> None:
        result, failed = None, None
        try:
            result = act()
        except Exception as error:  # noqa: BLE001 - raised where it is waited for
            failed = _seen(error)
        with suppress(RuntimeError):  # the loop has ended
            loop.call_soon_threadsafe(settle, result, failed)

    threading.Thread(target=run, name="follow", daemon=True).start()
    return await future


def _seen(error: Exception) -> DeployerError:
    """Return the error as its user sees it."""
    if isinstance(error, DeployerError):
        return error
    if isinstance(error, StoreError):
        seen = from_store_error(error)
    elif isinstance(error, OSError):
        seen = FailedError(
            error.strerror or str(error),
            where=str(error.filename or ""),
            hint="check the path, its permissions and the space left",
        )
    else:
        seen = FailedError(f"{type(error).__name__}: {error}", hint="see where with -vv")
    seen.__cause__ = error
    return seen
