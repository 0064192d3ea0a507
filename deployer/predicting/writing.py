"""Answers to a file, batch by batch: CSV, JSON Lines or Parquet, whole at the end or not there."""

import csv
import io
import json
import os
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Literal

from deployer.errors import FailedError, UsageError
from deployer.packaging.golden import shortest
from deployer.predicting.batch import Batch

__all__ = ["Format", "format_of", "open_writer"]

Format = Literal["csv", "jsonl", "parquet"]
Write = Callable[[Batch], None]

_SUFFIXES: dict[str, Format] = {
    ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "jsonl",
    ".parquet": "parquet", ".pq": "parquet",
}  # fmt: skip


def format_of(out: Path) -> Format:
    """Return the format that the name of a file asks for: CSV, if no other."""
    return _SUFFIXES.get(out.suffix.lower(), "csv")


@contextmanager
def open_writer(out: Path, classes: Sequence[str], *, proba: bool) -> Iterator[Write]:
    """Open `out` for answers; it is there when the block ends without an error, and not before.

    CSV has the columns ``row``, ``label`` and, with `proba`, ``probability:CLASS`` per class;
    Parquet has the same, as int64, text and float32. A line of JSON Lines is ``{"row": …,
    "label": …}`` and, with `proba`, ``"probabilities": {CLASS: …}``.

    Args:
        out: the file; its name tells the format. A device or a pipe is written to at once.
        classes: in the order of the probabilities.
        proba: write the probabilities, too.

    Raises:
        UsageError: `out` is a directory.
        FailedError: the system does not let us write.

    """
    if out.is_dir():
        raise UsageError("is a directory", where=str(out), hint="name a file")
    make = {"csv": _csv, "jsonl": _jsonl, "parquet": _parquet}[format_of(out)]
    # What is read while the block runs has errors of its own, which are no OSErrors.
    with _told(out), _replaced(out) as file, make(file, classes, proba) as write:
        yield write


@contextmanager
def _replaced(out: Path) -> Iterator[BinaryIO]:
    if out.exists() and not out.is_file():
        # A rename would put a file in its place.
        with out.open("wb") as file:
            yield file
        return
    target = out.resolve()
    partial = target.with_name(f".{target.name}.{secrets.token_hex(4)}.partial")
    try:
        with partial.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        partial.replace(target)
    except BaseException:
        with suppress(OSError):
            partial.unlink()
        raise


@contextmanager
def _told(out: Path) -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise FailedError(
            f"cannot be written: {os.strerror(error.errno or 0)}",
            where=str(out),
            hint="its directory must exist and be writable, with space left",
        ) from error


@contextmanager
def _csv(file: BinaryIO, classes: Sequence[str], proba: bool) -> Iterator[Write]:
    def text(rows: list[Sequence[object]]) -> bytes:
        lines = io.StringIO()
        csv.writer(lines, lineterminator="\n").writerows(rows)
        return lines.getvalue().encode()

    def write(batch: Batch) -> None:
        rows = zip(batch.rows.tolist(), map(str, batch.labels), strict=True)
        if proba:
            shares = map(shortest, batch.probabilities)
            file.write(text([[*row, *each] for row, each in zip(rows, shares, strict=True)]))
        else:
            file.write(text(list(rows)))

    extra = [f"probability:{each}" for each in classes] if proba else []
    file.write(text([["row", "label", *extra]]))
    yield write


@contextmanager
def _jsonl(file: BinaryIO, classes: Sequence[str], proba: bool) -> Iterator[Write]:
    def write(batch: Batch) -> None:
        lines: list[str] = []
        for row, label, shares in zip(
            batch.rows.tolist(), batch.labels, batch.probabilities, strict=True
        ):
            document: dict[str, object] = {"row": row, "label": str(label)}
            if proba:
                document["probabilities"] = dict(zip(classes, shortest(shares), strict=True))
            lines.append(json.dumps(document, ensure_ascii=False) + "\n")
        file.write("".join(lines).encode())

    yield write


@contextmanager
def _parquet(file: BinaryIO, classes: Sequence[str], proba: bool) -> Iterator[Write]:
    import pyarrow as pa  # noqa: PLC0415 - slow to import
    import pyarrow.parquet as pq  # noqa: PLC0415 - as above

    shares = [(f"probability:{each}", pa.float32()) for each in classes] if proba else []
    schema = pa.schema([("row", pa.int64()), ("label", pa.string()), *shares])

    def write(batch: Batch) -> None:
        columns = [pa.array(batch.rows), pa.array(list(map(str, batch.labels)), pa.string())]
        if proba:
            columns += [pa.array(each) for each in batch.probabilities.T.copy()]
        writer.write_table(pa.Table.from_arrays(columns, schema=schema))

    with pq.ParquetWriter(file, schema) as writer:
        yield write
