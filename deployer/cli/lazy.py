"""A command group that imports a command only when it is run or its own help is asked for."""

import importlib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import click

__all__ = ["Lazy", "LazyGroup"]


class Lazy(NamedTuple):
    """Where a command lives (``module:attribute``) and its line in the group's help."""

    target: str
    help: str


class LazyGroup(click.Group):
    """A group whose commands are named by section: ``{"Models": {"push": Lazy(…)}}``."""

    def __init__(self, *args: Any, sections: Mapping[str, Mapping[str, Lazy]], **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.sections = sections
        self._lazy = {name: lazy for group in sections.values() for name, lazy in group.items()}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the command names in the order of the sections."""
        return list(self._lazy)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return the command, or None."""
        lazy = self._lazy.get(cmd_name)
        if lazy is None:
            return None
        module, _, attribute = lazy.target.partition(":")
        command = getattr(importlib.import_module(module), attribute)
        assert isinstance(command, click.Command)  # noqa: S101 - a wiring mistake of ours
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Suggest the nearest command for a misspelt one."""
        if args and args[0] not in self._lazy and not args[0].startswith("-"):
            from difflib import get_close_matches  # noqa: PLC0415 - only on the way out

            near = get_close_matches(args[0], self._lazy, n=1)
            hint = f" Did you mean '{near[0]}'?" if near else ""
            ctx.fail(f"No such command '{args[0]}'.{hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write one block per section, from the table alone."""
        for title, commands in self.sections.items():
            rows: Sequence[tuple[str, str]] = [(n, lazy.help) for n, lazy in commands.items()]
            with formatter.section(title):
                formatter.write_dl(rows)
