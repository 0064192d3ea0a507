"""``golden.json``: a few rows with the exact answers."""

from typing import Annotated, Literal

from msgspec import Meta

from deployer.packaging.documents.base import Count, Document

__all__ = ["Golden", "GoldenRow"]


class GoldenRow(Document, frozen=True, kw_only=True):
    """One row of the table with the model's exact answer.

    Attributes:
        row: the row's number in the table, 1 being the first below the header.
        split: whether the row was held out ("test") or fitted on ("train").
        inputs: value per column; null where missing; dates in seconds, as the schema has them.
        probabilities: in the order of the classes.

    """

    row: Count
    split: Literal["test", "train"]
    inputs: dict[str, float | str | None]
    label: str
    probabilities: tuple[float, ...]


class Golden(Document, frozen=True, kw_only=True):
    """``golden.json``: answers that every loaded copy must repeat."""

    rows: Annotated[tuple[GoldenRow, ...], Meta(min_length=1)]
