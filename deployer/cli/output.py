"""How commands print: data to stdout as a table or JSON, everything else to stderr.

Rich is imported only when something is drawn, so that ``--help`` stays quick.
"""

import json
import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import click

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["Output", "human_bytes", "printable"]

SHORT = 20  # a time must not be broken into two lines


def human_bytes(count: float) -> str:
    """Return `count` bytes in binary units, such as ``1.5 MiB``."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if abs(count) < 1024:  # noqa: PLR2004 - the definition of the unit
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.1f} TiB"


def human_files(count: int) -> str:
    """Return ``1 file``, ``2 files``."""
    return f"{count} file{'' if count == 1 else 's'}"


def printable(value: object) -> str:
    """Return text that cannot steer a terminal: it may come from a record that anybody wrote."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in str(value))


def _is_number(cell: object) -> bool:
    return isinstance(cell, int | float) or getattr(cell, "justify", None) == "right"


@dataclass
class Output:
    """One command's way to speak, made from the shared flags."""

    format: Literal["table", "json"] = "table"
    quiet: bool = False
    verbose: int = 0
    color: bool | None = None

    @cached_property
    def out(self) -> "Console":
        """The console for data: stdout."""
        return self._console(stderr=False)

    @cached_property
    def err(self) -> "Console":
        """The console for progress and logs: stderr."""
        return self._console(stderr=True)

    def _console(self, *, stderr: bool) -> "Console":
        from rich.console import Console  # noqa: PLC0415 - 40 ms that --help need not pay

        no_color = self.color is False or bool(os.environ.get("NO_COLOR"))
        return Console(stderr=stderr, no_color=no_color, highlight=False, soft_wrap=True)

    @property
    def json(self) -> bool:
        """Whether the user asked for JSON."""
        return self.format == "json"

    def emit(self, document: object) -> None:
        """Print `document` as JSON on stdout."""
        text = json.dumps(document, indent=2, ensure_ascii=False)
        try:
            text.encode()
        except UnicodeEncodeError:  # a file name that is not UTF-8
            text = json.dumps(document, indent=2)
        click.echo(text)

    def table(
        self, columns: Sequence[str], rows: Iterable[Sequence[Any]], *, title: str | None = None
    ) -> None:
        """Print a table on stdout; numbers stand to the right."""
        from rich import box  # noqa: PLC0415
        from rich.table import Table  # noqa: PLC0415
        from rich.text import Text  # noqa: PLC0415

        listed = [list(row) for row in rows]
        table = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left", pad_edge=False)
        for index, name in enumerate(columns):
            numeric = bool(listed) and all(_is_number(row[index]) for row in listed)
            short = all(len(str(row[index])) <= SHORT for row in listed)
            table.add_column(
                name, justify="right" if numeric else "left", overflow="fold", no_wrap=short
            )
        for row in listed:
            table.add_row(
                *(cell if isinstance(cell, Text) else Text(printable(cell)) for cell in row)
            )
        self.out.print(table, soft_wrap=False)

    def fields(self, rows: Iterable[tuple[str, object]]) -> None:
        """Print names and values on stdout, one pair a line."""
        from rich.table import Table  # noqa: PLC0415
        from rich.text import Text  # noqa: PLC0415

        grid = Table.grid(padding=(0, 3))
        for name, value in rows:
            grid.add_row(Text(f" {name}", style="bold"), Text(printable(value)))
        self.out.print()
        self.out.print(grid, soft_wrap=False)

    def say(self, message: str) -> None:
        """Print a line of progress on stderr, unless the user wants quiet."""
        if not self.quiet:
            self.err.print(message, markup=False)

    def done(self, message: str) -> None:
        """Print a line of success on stderr, unless the user wants quiet."""
        if not self.quiet:
            self._line("✓ ", "green", message)

    def warn(self, message: str) -> None:
        """Print a warning on stderr."""
        self._line("warning: ", "yellow", message)

    def _line(self, mark: str, style: str, message: str) -> None:
        """Print one line at once: several threads may have something to say."""
        from rich.text import Text  # noqa: PLC0415

        self.err.print(Text.assemble((mark, style), printable(message)))

    @property
    def live(self) -> bool:
        """Whether progress bars make sense: a person watches stderr."""
        return not self.quiet and not self.json and sys.stderr.isatty()
