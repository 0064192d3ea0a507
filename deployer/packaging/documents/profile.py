"""``profile.json``: what the training rows looked like, to tell later rows' drift from."""

from deployer.packaging.documents.base import Count, Document, Share

__all__ = ["CategoricalProfile", "ColumnProfile", "NumericProfile", "Profile", "TextProfile"]


class NumericProfile(Document, frozen=True, kw_only=True, tag_field="kind", tag="numeric"):
    """A column of numbers, or of dates in seconds.

    Attributes:
        missing: share of the rows without a value.
        edges: ascending inner edges of the bins, at quantiles; k edges make k + 1 bins.
        shares: of the rows with a value, per bin: below the first edge, [e0, e1) …, from the last.
        mean: of the values, None if there is none; likewise `std` (population), `low`, `high`.

    """

    name: str
    missing: Share
    edges: tuple[float, ...]
    shares: tuple[Share, ...]
    mean: float | None
    std: float | None
    low: float | None
    high: float | None


class CategoricalProfile(Document, frozen=True, kw_only=True, tag_field="kind", tag="categorical"):
    """A column of categories: the commonest with their shares of the rows with a value.

    Attributes:
        other: share of all that are not listed.

    """

    name: str
    missing: Share
    shares: dict[str, Share]
    other: Share


class TextProfile(Document, frozen=True, kw_only=True, tag_field="kind", tag="text"):
    """A column of prose: the lengths in characters, binned as numbers are."""

    name: str
    missing: Share
    edges: tuple[float, ...]
    shares: tuple[Share, ...]
    mean: float | None


ColumnProfile = NumericProfile | CategoricalProfile | TextProfile


class Profile(Document, frozen=True, kw_only=True):
    """``profile.json``.

    Attributes:
        rows: fitted on.
        columns: one per input of the model, in the schema's order.
        target: share of each class.
        predictions: share of each predicted class on the held-out rows.
        confidence: the probability of the predicted class on the held-out rows, binned by tenths.
        held_out: how many held-out rows those are.

    """

    rows: Count
    columns: tuple[ColumnProfile, ...]
    target: dict[str, Share]
    predictions: dict[str, Share]
    confidence: tuple[Share, ...]
    held_out: Count = 0
