"""How far engines are: a line per cloud where a person watches, a line per step elsewhere."""

from typing import TYPE_CHECKING, Literal

from deployer.cli.live import LiveProgress
from deployer.cli.output import Output, printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.progress import ProgressColumn

    from deployer.stacks.outcome import ActName
    from deployer.stacks.steps import Step

__all__ = ["StackProgress", "short_type"]

_ENDED = {"create": "created", "update": "updated", "replace": "replaced", "delete": "deleted"}
_LOOKS = {"preview": "looks what would change", "refresh": "looks what is there"}


def short_type(token: str) -> str:
    """Return a type token as people say it: ``aws:s3/bucket:Bucket`` is ``s3 Bucket``."""
    parts = token.split(":")
    module = parts[1].partition("/")[0] if len(parts) > 2 else ""  # noqa: PLR2004 - package:module:name
    skipped = module in ("", "index", "dynamic", "local")
    return parts[-1] if skipped else f"{module} {parts[-1]}"


class StackProgress(LiveProgress):
    """Listens to acts on several stacks. Safe to use from many threads."""

    def __init__(self, output: Output) -> None:
        super().__init__(output)
        self._acts: dict[str, ActName] = {}
        self._counts: dict[str, int] = {}

    def _columns(self) -> "Sequence[ProgressColumn]":
        from rich.progress import (  # noqa: PLC0415 - 50 ms that a pipe need not pay
            SpinnerColumn,
            TextColumn,
            TimeElapsedColumn,
        )

        return (
            SpinnerColumn(finished_text=" "),
            TextColumn("{task.description:<6}"),
            TextColumn("{task.fields[note]}", markup=False),
            TimeElapsedColumn(),
        )

    def begin(self, cloud: str, act: "ActName") -> None:
        """Show that an act begins."""
        with self._lock:
            self._acts[cloud], self._counts[cloud] = act, 0
            note = _LOOKS.get(act, "begins")
            if self._progress is None:
                return
            if cloud in self._tasks:
                self._progress.reset(self._tasks[cloud], total=None, note=note)
            else:
                self._tasks[cloud] = self._progress.add_task(cloud, total=None, note=note)

    def step(self, cloud: str, step: "Step", state: Literal["begun", "done", "failed"]) -> None:
        """Show a step; in a preview nothing happens yet."""
        act = self._acts.get(cloud)
        what = f"{short_type(step.type)} {step.name}"
        if act == "preview" or (act == "refresh" and state == "begun"):
            return
        with self._lock:
            self._counts[cloud] += state == "done"
            if self._progress is not None and cloud in self._tasks:
                word = {"begun": f"{step.op} {what} …", "failed": f"{what} failed"}
                done = f"{self._counts[cloud]} done"
                note = f"{word.get(state, what)}   {done}"
                self._progress.update(self._tasks[cloud], note=printable(note))
            elif state == "done" and not self._output.json:
                ended = "differs" if act == "refresh" else _ENDED.get(step.op, step.op)
                self._output.say(printable(f"{cloud}: {ended} {what}"))
            elif state == "failed" and not self._output.json:
                self._output.say(printable(f"{cloud}: failed to {step.op} {what}"))

    def finish(self, cloud: str, error: str | None) -> None:
        """Show that the act has ended."""
        with self._lock:
            if self._progress is not None and cloud in self._tasks:
                note = "failed" if error else f"done, {self._counts.get(cloud, 0)} steps"
                self._progress.update(self._tasks[cloud], total=1, completed=1, note=note)
