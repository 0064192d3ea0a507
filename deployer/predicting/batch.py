"""A stream of tables to a stream of answers: in order, several batches under way, none piling up."""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from deployer.packaging.cells import check_columns, encode_table
from deployer.packaging.documents import Schema
from deployer.packaging.runtime import Prediction
from deployer.predicting.model import Model
from deployer.tables.stream import Stream
from deployer.tables.table import Table

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Batch", "predict_stream"]


class Batch(NamedTuple):
    """The answers for some rows.

    Attributes:
        rows: each row's number in the file, int64 of shape (N,).
        labels: str of shape (N,).
        probabilities: float32 of shape (N, classes).

    """

    rows: "NDArray[np.int64]"
    labels: "NDArray[Any]"
    probabilities: "NDArray[np.float32]"


def predict_stream(
    stream: Stream,
    model: Model,
    *,
    rows: int,
    concurrency: int,
    unknown: Callable[[list[str]], None],
    skip: int = 0,
) -> Iterator[Batch]:
    """Yield the answers for all rows of a file, in its order.

    Memory is bounded by `concurrency` + 2 batches of `rows` rows, and what readers hold.

    Args:
        stream: the file.
        model: what answers.
        rows: of a batch.
        concurrency: batches that are answered at once.
        unknown: called with columns that the model neither needs nor knows, each once.
        skip: rows at the start that are read, but not answered.

    Raises:
        UsageError: a column is missing, or a cell will not do; batches before it were yielded.
        DeployerError: the model cannot answer.

    """
    pool = ThreadPoolExecutor(concurrency, thread_name_prefix="predict")
    waiting: deque[tuple[Table, Future[Prediction]]] = deque()
    try:
        for table, arrays in _prepared(stream, model.schema, rows, unknown, skip):
            waiting.append((table, pool.submit(model.predict, arrays)))
            if len(waiting) > concurrency:
                yield _answered(*waiting.popleft())
        while waiting:
            yield _answered(*waiting.popleft())
    finally:
        # After an error nobody wants what is still under way.
        pool.shutdown(wait=False, cancel_futures=True)


def _answered(table: Table, future: Future[Prediction]) -> Batch:
    answers = future.result()
    return Batch(table.rows, answers.labels, answers.probabilities)


def _prepared(
    stream: Stream, schema: Schema, rows: int, unknown: Callable[[list[str]], None], skip: int
) -> Iterator[tuple[Table, "Mapping[str, NDArray[Any]]"]]:
    told: set[str] = set()
    whole: list[str] = []
    needed = [each.name for each in schema.inputs]
    for table in stream.batches(rows):
        names = table.names
        if stream.format == "jsonl" and not set(needed) <= set(names):
            # A key that no line has had so far may still come.
            whole = whole or stream.names()
            names = whole
        extra = check_columns(schema, names, where=stream.name)
        if new := [each for each in extra if each not in told]:
            unknown(new)
            told.update(new)
        if skip >= table.rows[-1]:
            continue
        if skip >= table.rows[0]:
            table = table.select(range(skip - int(table.rows[0]) + 1, len(table)))  # noqa: PLW2901 - the rest of it
        yield table, encode_table(schema.inputs, _filled(table, needed))


def _filled(table: Table, needed: list[str]) -> Table:
    """Return the table with columns of nothing for those that it lacks."""
    import pyarrow as pa  # noqa: PLC0415 - slow to import

    data = table.data
    for name in needed:
        if name not in data.column_names:
            data = data.append_column(name, pa.nulls(len(table), pa.string()))
    return table if data is table.data else replace(table, data=data)
