"""The names of a table's columns."""

from collections.abc import Sequence

from deployer.errors import UsageError

__all__ = ["check_header", "check_names"]

_FOREIGN_DELIMITERS = {";": "semicolons", "\t": "tabs", "|": "bars"}


def check_names(names: Sequence[str], name: str) -> None:
    """Check that every column has a name of its own.

    Raises:
        UsageError: two columns of the table called `name` have the same name.

    """
    seen: dict[str, int] = {}
    for position, column in enumerate(names, start=1):
        if column in seen:
            called = f"'{column}'" if column else "without a name"
            raise UsageError(
                f"columns {seen[column]} and {position} are both {called}",
                where=name,
                hint="give every column a name of its own in the header line",
            )
        seen[column] = position


def check_header(header: list[str], name: str) -> list[str]:
    """Return `header`, the first record of a CSV file.

    Raises:
        UsageError: a repeated column, or cells that something else than commas separates.

    """
    check_names(header, name)
    if len(header) == 1:
        for delimiter, called in _FOREIGN_DELIMITERS.items():
            if delimiter in header[0]:
                raise UsageError(
                    f"the header is one cell, and holds {called}",
                    where=name,
                    hint=f"save it with commas between the cells instead of {called}",
                )
    return header
