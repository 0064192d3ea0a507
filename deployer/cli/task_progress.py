"""One bar for work that is counted in tasks, with what is best so far; nothing in a pipe."""

from typing import TYPE_CHECKING, Self

from deployer.cli.output import Output

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

__all__ = ["TaskProgress"]


class TaskProgress:
    """A bar on stderr while a person watches."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._progress: Progress | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.finish()

    def begin(self, total: int, what: str) -> None:
        """Show `total` tasks to go."""
        if not self._output.live:
            return
        from rich.progress import (  # noqa: PLC0415 - 50 ms that a pipe need not pay
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeElapsedColumn,
            TimeRemainingColumn,
        )

        self.finish()
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[note]}", style="dim", markup=False),
            console=self._output.err,
            refresh_per_second=5,
            transient=True,
        )
        self._task = self._progress.add_task(what, total=total, note="")
        self._progress.start()

    def advance(self, count: int, note: str = "") -> None:
        """Show that `count` more are done, and what there is to say."""
        if self._progress is not None and self._task is not None:
            self._progress.advance(self._task, count)
            if note:
                self._progress.update(self._task, note=note)

    def finish(self) -> None:
        """Take the bar away."""
        if self._progress is not None:
            self._progress.stop()
            self._progress = None
