"""What progress on stderr has in common: drawn in its place while a person watches, else nothing."""

import threading
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Self

from deployer.cli.output import Output

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.progress import Progress, ProgressColumn, TaskID

__all__ = ["LiveProgress"]


class LiveProgress(ABC):
    """A line per cloud. Safe to use from many threads.

    Args:
        output: the command's way to speak.

    """

    def __init__(self, output: Output) -> None:
        self._output = output
        self._progress: Progress | None = None
        self._tasks: dict[str, TaskID] = {}
        self._lock = threading.Lock()

    @abstractmethod
    def _columns(self) -> "Sequence[ProgressColumn]":
        """Return what a line is made of; asked for only where a person watches."""

    def __enter__(self) -> Self:
        if self._output.live:
            from rich.progress import Progress  # noqa: PLC0415 - 50 ms that a pipe need not pay

            self._progress = Progress(
                *self._columns(), console=self._output.err, refresh_per_second=5
            )
            self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._progress is not None:
            # Threads that are not waited for may still tell how far they are.
            self._progress.stop()
