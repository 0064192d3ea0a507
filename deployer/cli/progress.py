"""A line per cloud: a bar with bytes, rate and time left where a person watches, else nothing."""

from typing import TYPE_CHECKING

from deployer.cli.live import LiveProgress
from deployer.cli.output import Output

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.progress import ProgressColumn

__all__ = ["CloudProgress"]


class CloudProgress(LiveProgress):
    """Progress of several clouds at once, in bytes. Safe to use from many threads.

    Args:
        output: the command's way to speak.
        verb: said of a cloud that has everything, where no bar shows it; empty for silence.

    """

    def __init__(self, output: Output, verb: str = "") -> None:
        super().__init__(output)
        self._verb = verb

    def _columns(self) -> "Sequence[ProgressColumn]":
        from rich.progress import (  # noqa: PLC0415 - 50 ms that a pipe need not pay
            BarColumn,
            DownloadColumn,
            TextColumn,
            TimeRemainingColumn,
            TransferSpeedColumn,
        )

        return (
            TextColumn("{task.fields[mark]} {task.description:<8}"),
            BarColumn(bar_width=None),
            DownloadColumn(binary_units=True),
            TransferSpeedColumn(),
            TimeRemainingColumn(),
        )

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
