"""Predictions as documents and as CSV."""

import csv
import io
import os
import secrets
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from deployer.errors import FailedError, UsageError

__all__ = ["Answers"]


@dataclass(frozen=True)
class Answers:
    """The answers for N rows, in plain Python values.

    Attributes:
        rows: each row's number in its table, from 1.
        classes: in the model's order.
        labels: the predicted class of each row.
        probabilities: one per class, for each row.

    """

    rows: Sequence[int]
    classes: Sequence[str]
    labels: Sequence[str]
    probabilities: Sequence[Sequence[float]]

    def counts(self) -> dict[str, int]:
        """Return how many rows each class was predicted for, zero included."""
        counts = Counter(self.labels)
        return {label: counts[label] for label in self.classes}

    def documents(self) -> list[dict[str, object]]:
        """Return one ``{"label": …, "probabilities": {class: …}}`` per row."""
        return [
            {"label": label, "probabilities": dict(zip(self.classes, shares, strict=True))}
            for label, shares in zip(self.labels, self.probabilities, strict=True)
        ]

    def csv(self, *, proba: bool) -> bytes:
        """Return CSV, UTF-8: ``row,label`` and, with `proba`, ``probability:CLASS`` per class."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        extra = [f"probability:{label}" for label in self.classes] if proba else []
        writer.writerow(["row", "label", *extra])
        for row, label, shares in zip(self.rows, self.labels, self.probabilities, strict=True):
            writer.writerow([row, label, *(shares if proba else ())])
        return text.getvalue().encode()

    def save(self, out: Path, *, proba: bool) -> None:
        """Write :meth:`csv` to the file `out`, whole or not at all.

        Raises:
            UsageError: `out` is a directory.
            FailedError: the system does not let us write.

        """
        if out.is_dir():
            raise UsageError("is a directory", where=str(out), hint="name a file")
        try:
            _replace(out, self.csv(proba=proba))
        except OSError as error:
            raise FailedError(
                f"cannot be written: {os.strerror(error.errno or 0)}",
                where=str(out),
                hint="its directory must exist and be writable",
            ) from error


def _replace(out: Path, content: bytes) -> None:
    if out.exists() and not out.is_file():
        # A device or a pipe: a rename would put a file in its place.
        out.write_bytes(content)
        return
    target = out.resolve()
    partial = target.with_name(f".{target.name}.{secrets.token_hex(4)}.partial")
    try:
        partial.write_bytes(content)
        partial.replace(target)
    except OSError:
        with suppress(OSError):
            partial.unlink()
        raise
