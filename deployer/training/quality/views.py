"""Columns as codes and numbers, for the quality report to count."""

from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from deployer.tables.table import Table
from deployer.training.features import Features, Kind

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["View", "row_prints", "views_of"]


@dataclass(frozen=True)
class View:
    """One column.

    Attributes:
        name: of the column.
        kind: of the column.
        values: numbers, dates in seconds, or codes of texts; a float or int32 array of shape (N,).
        texts: what the codes stand for, ``""`` being missing; empty for numbers and dates.
        absent: which cells hold no value, bool of shape (N,).

    """

    name: str
    kind: Kind
    values: "NDArray[Any]"
    texts: list[str]
    absent: "NDArray[np.bool_]"

    @property
    def missing(self) -> int:
        """How many cells hold no value."""
        return int(self.absent.sum())

    @cached_property
    def counts(self) -> dict[str, int]:
        """How often each text occurs, the commonest first."""
        import numpy as np  # noqa: PLC0415 - kept out of the import of the command line

        found = np.bincount(self.values, minlength=len(self.texts)).tolist() if self.texts else []
        pairs = [(text, n) for text, n in zip(self.texts, found, strict=True) if text and n]
        return dict(sorted(pairs, key=lambda pair: (-pair[1], pair[0])))

    @cached_property
    def digest(self) -> bytes:
        """Return a digest of all that the column says."""
        import numpy as np  # noqa: PLC0415 - as above

        head = repr((self.kind in {"numeric", "date"}, self.texts)).encode()
        return blake2b(
            np.ascontiguousarray(self.values).tobytes(), key=blake2b(head).digest()
        ).digest()


def views_of(table: Table, features: Features) -> list[View]:
    """Return a view of every column to learn from."""
    return [_view(table, name, kind) for name, kind in features.kinds.items()]


def _view(table: Table, name: str, kind: Kind) -> View:
    import numpy as np  # noqa: PLC0415 - as above

    from deployer.tables.columns import dates, encode, numbers  # noqa: PLC0415 - needs pyarrow

    if kind == "numeric":
        values: NDArray[Any] = (
            table.parsed[name] if name in table.parsed else numbers(table.column(name))[0]
        )
        return View(name, kind, values, [], np.isnan(values))
    if kind == "date":
        values = dates(table.column(name))[0]
        return View(name, kind, values, [], np.isnan(values))
    codes, texts = encode(table.column(name))
    return View(name, kind, codes, texts, np.array([not text for text in texts])[codes])


def row_prints(views: list[View], rows: int) -> "NDArray[np.uint64]":
    """Return a number per row, uint64 of shape (N,): equal rows have equal numbers.

    Different rows have different ones but for a chance of about N² / 2^65.
    """
    import numpy as np  # noqa: PLC0415 - as above

    prints = np.zeros(rows, dtype=np.uint64)
    with np.errstate(over="ignore"):
        for view in views:
            # One NaN for all, and no minus zero.
            clean = np.where(view.absent, 0, view.values + 0).astype(np.float64)
            bits = clean.view(np.uint64) ^ (view.absent.astype(np.uint64) << np.uint64(62))
            prints = (prints ^ bits) * np.uint64(0x9E3779B97F4A7C15)
            prints ^= prints >> np.uint64(29)
            prints *= np.uint64(0xBF58476D1CE4E5B9)
            prints ^= prints >> np.uint64(32)
    return prints
