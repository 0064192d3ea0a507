"""Answers as bytes: CSV, JSON Lines or Parquet, a batch at a time.

What an unfinished file holds must be good as far as it goes. CSV and JSON Lines are; Parquet is read
from its end, so its batches wait in Arrow's stream format, and are made Parquet when all are there.
"""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Literal, NamedTuple

from deployer.packaging.golden import shortest
from deployer.predicting.batch import Batch

__all__ = ["Encoding", "Format", "encoding_of", "format_of"]

Format = Literal["csv", "jsonl", "parquet"]

_SUFFIXES: dict[str, Format] = {
    ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "jsonl",
    ".parquet": "parquet", ".pq": "parquet",
}  # fmt: skip


class Encoding(NamedTuple):
    """How a file of answers is written.

    Attributes:
        head: its first bytes.
        encode: the bytes of a batch; nothing of them depends on other batches.
        finish: makes the file from all these bytes, read from their start; None if they are it.

    """

    head: bytes
    encode: Callable[[Batch], bytes]
    finish: Callable[[BinaryIO, BinaryIO], None] | None = None


def format_of(out: Path) -> Format:
    """Return the format that the name of a file asks for: CSV, if no other."""
    return _SUFFIXES.get(out.suffix.lower(), "csv")


def encoding_of(format: Format, classes: Sequence[str], *, proba: bool) -> Encoding:
    """Return how answers are written.

    CSV has the columns ``row``, ``label`` and, with `proba`, ``probability:CLASS`` per class;
    Parquet has the same, as int64, text and float32, with a row group per batch. A line of JSON
    Lines is ``{"row": …, "label": …}`` and, with `proba`, ``"probabilities": {CLASS: …}``.

    Args:
        format: of the file.
        classes: in the order of the probabilities.
        proba: write the probabilities, too.

    """
    return {"csv": _csv, "jsonl": _jsonl, "parquet": _parquet}[format](classes, proba)


def _csv(classes: Sequence[str], proba: bool) -> Encoding:
    def text(rows: Iterable[Sequence[object]]) -> bytes:
        lines = io.StringIO()
        csv.writer(lines, lineterminator="\n").writerows(rows)
        return lines.getvalue().encode()

    def encode(batch: Batch) -> bytes:
        rows = zip(batch.rows.tolist(), map(str, batch.labels), strict=True)
        if not proba:
            return text(rows)
        shares = map(shortest, batch.probabilities)
        return text([*row, *each] for row, each in zip(rows, shares, strict=True))

    extra = [f"probability:{each}" for each in classes] if proba else []
    return Encoding(text([["row", "label", *extra]]), encode)


def _jsonl(classes: Sequence[str], proba: bool) -> Encoding:
    def encode(batch: Batch) -> bytes:
        lines: list[str] = []
        for row, label, shares in zip(
            batch.rows.tolist(), batch.labels, batch.probabilities, strict=True
        ):
            document: dict[str, object] = {"row": row, "label": str(label)}
            if proba:
                document["probabilities"] = dict(zip(classes, shortest(shares), strict=True))
            lines.append(json.dumps(document, ensure_ascii=False) + "\n")
        return "".join(lines).encode()

    return Encoding(b"", encode)


def _parquet(classes: Sequence[str], proba: bool) -> Encoding:
    import pyarrow as pa  # noqa: PLC0415 - slow to import

    shares = [(f"probability:{each}", pa.float32()) for each in classes] if proba else []
    schema = pa.schema([("row", pa.int64()), ("label", pa.string()), *shares])

    def encode(batch: Batch) -> bytes:
        columns = [pa.array(batch.rows), pa.array(list(map(str, batch.labels)), pa.string())]
        if proba:
            columns += [pa.array(each) for each in batch.probabilities.T.copy()]
        held: bytes = pa.record_batch(columns, schema=schema).serialize().to_pybytes()
        return held

    def finish(waiting: BinaryIO, out: BinaryIO) -> None:
        import pyarrow.parquet as pq  # noqa: PLC0415 - as above

        with pq.ParquetWriter(out, schema) as writer:
            for batch in _batches(waiting):
                writer.write_batch(batch)

    return Encoding(schema.serialize().to_pybytes(), encode, finish)


def _batches(waiting: BinaryIO) -> Iterator[Any]:
    import pyarrow as pa  # noqa: PLC0415 - as above

    # The stream has no mark of its end, which Arrow allows: it ends where the file does.
    with pa.ipc.open_stream(waiting) as reader:
        yield from reader
