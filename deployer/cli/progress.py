"""A line per cloud: a bar with bytes, rate and time left where a person watches, else nothing."""

import threading
from types import TracebackType
from typing import TYPE_CHECKING, Self

from deployer.cli.output import Output

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

__all__ = ["CloudProgress"]


class CloudProgress:
    """Progress of several clouds at once. Safe to use from many threads.

    Args:
        output: the command's way to speak.
        verb: said of a cloud that has everything, where no bar shows it; empty for silence.

    """

    def __init__(self, output: Output, verb: str = "") -> None:
        self._output = output
        self._verb = verb
        self._progress: Progress | None = None
        self._tasks: dict[str, TaskID] = {}
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        if self._output.live:
            from rich.progress import (  # noqa: PLC0415 - 50 ms that a pipe need not pay
                BarColumn,
                DownloadColumn,
                Progress,
                TextColumn,
                TimeRemainingColumn,
                TransferSpeedColumn,
            )

            self._progress = Progress(
                TextColumn("{task.fields[mark]} {task.description:<8}"),
                BarColumn(bar_width=None),
                DownloadColumn(binary_units=True),
                TransferSpeedColumn(),
                TimeRemainingColumn(),
                console=self._output.err,
                refresh_per_second=5,
            )
            self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._progress is not None:
            self._progress.stop()

    def begin(self, cloud: str, total: int) -> None:
        """Show a cloud that has `total` bytes to go."""
        with self._lock:
            if self._progress is not None:
                self._tasks[cloud] = self._progress.add_task(cloud, total=total, mark="[cyan]↑[/]")

    def advance(self, cloud: str, count: int) -> None:
        """Show some more bytes."""
        if self._progress is not None:
            self._progress.advance(self._tasks[cloud], count)

    def finish(self, cloud: str, error: str | None) -> None:
        """Show that a cloud has everything, or that it failed."""
        if self._progress is not None:
            mark = "[red]✗[/]" if error else "[green]✓[/]"
            self._progress.update(self._tasks[cloud], mark=mark)
        elif not self._output.json:
            if error:
                self._output.warn(f"{cloud}: {error}")
            elif self._verb:
                self._output.done(f"{cloud}: {self._verb}")
