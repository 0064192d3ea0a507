"""How much a request may hold."""

from typing import NamedTuple

__all__ = ["Limits"]


class Limits(NamedTuple):
    """Bounds of one request.

    Attributes:
        max_rows: rows.
        max_depth: levels of nested JSON.

    """

    max_rows: int = 100_000
    max_depth: int = 16
