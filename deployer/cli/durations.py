"""Lengths of time on the command line, such as ``30d``."""

import re
from datetime import timedelta
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    _ParamType = click.ParamType[timedelta]
else:
    _ParamType = click.ParamType  # older releases have no type arguments

__all__ = ["DURATION", "Duration"]

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_FORM = re.compile(r"([1-9][0-9]{0,7})([smhdw])\Z")
LONGEST = timedelta(days=36_500)


class Duration(_ParamType):
    """A number and a unit: ``45m``, ``12h``, ``30d``."""

    name = "duration"

    def convert(
        self,
        value: str | timedelta,
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> timedelta:
        """Return the length of time that `value` is."""
        if isinstance(value, timedelta):
            return value
        found = _FORM.match(value.strip())
        if found is None:
            self.fail(f"'{value}' is no length of time; write 45m, 12h or 30d.", param, ctx)
        length = timedelta(**{_UNITS[found[2]]: int(found[1])})
        if length > LONGEST:
            self.fail(f"'{value}' is longer than a century.", param, ctx)
        return length


DURATION = Duration()
