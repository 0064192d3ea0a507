"""Rows from the bodies that the clouds' own contracts allow: cells by column."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import msgspec

from deployer.serving.protocol.depth import check_depth
from deployer.serving.protocol.limits import Limits
from deployer.serving.protocol.refusing import bad_request, shown, too_many_rows

__all__ = ["csv_rows", "json_lines_rows", "json_rows"]

Rows = list[Any]

_ANY = msgspec.json.Decoder()
# Keys that hold rows, as they are called by SageMaker and Vertex AI, Azure ML, and MLflow.
_WRAPPED = ("instances", "input_data", "dataframe_split", "dataframe_records")


def json_rows(body: bytes, names: Sequence[str], limits: Limits) -> Mapping[str, Sequence[Any]]:
    """Return the cells of each column of a JSON document.

    Rows are objects by column, or lists in the order of `names`. They come as a list; as such a
    list below ``instances`` (SageMaker, Vertex AI), ``input_data`` or ``data`` (Azure ML) or
    ``dataframe_records`` (MLflow); or as ``{"columns": […], "data": […]}``, by itself or below
    ``input_data`` or ``dataframe_split``. Other keys, such as ``parameters``, are not read.

    Raises:
        RefusedError: 400 or 413.

    """
    return _by_column(*_unwrapped(_decoded(body, limits), names), names, limits)


def json_lines_rows(
    body: bytes, names: Sequence[str], limits: Limits
) -> Mapping[str, Sequence[Any]]:
    """Return the cells of each column of JSON Lines: a row per line, as :func:`json_rows`.

    Raises:
        RefusedError: 400 or 413.

    """
    check_depth(body, limits.max_depth)
    rows: Rows = []
    for number, line in enumerate(body.splitlines(), start=1):
        if not line.strip():
            continue
        if len(rows) >= limits.max_rows:
            raise too_many_rows(len(rows) + 1, limits.max_rows)
        try:
            rows.append(_ANY.decode(line))
        except (ValueError, RecursionError) as error:
            raise bad_request(f"line {number} is not JSON: {error}") from error
    return _by_column(rows, names, names, limits)


def csv_rows(body: bytes, names: Sequence[str], limits: Limits) -> Mapping[str, Sequence[Any]]:
    """Return the cells of each column of CSV: in the order of `names`, or with a header.

    The first line is a header if it has all `names`; other columns are not read.

    Raises:
        RefusedError: 400 or 413.

    """
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise bad_request(f"the CSV is not UTF-8 at byte {error.start}") from error
    lines = _csv_lines(text)
    first = next(lines, None)
    if first is None:
        return dict.fromkeys(names, ())
    columns, rows = names, [first]
    if set(names) <= {each.strip() for each in first}:
        columns, rows = [each.strip() for each in first], []
    rows.extend(islice(lines, limits.max_rows + 1))
    return _by_column(rows, columns, names, limits)


def _csv_lines(text: str) -> Iterator[list[str]]:
    try:
        yield from (line for line in csv.reader(io.StringIO(text, newline="")) if line)
    except csv.Error as error:
        raise bad_request(f"the CSV cannot be read: {error}") from error


def _decoded(body: bytes, limits: Limits) -> Any:
    check_depth(body, limits.max_depth)
    try:
        return _ANY.decode(body)
    except (ValueError, RecursionError) as error:
        raise bad_request(f"the JSON cannot be read: {error}") from error


def _unwrapped(document: Any, names: Sequence[str]) -> tuple[Rows, Sequence[str]]:
    """Return the rows of a document, and which columns those that are lists have."""
    if isinstance(document, dict):
        found = [key for key in _WRAPPED if key in document]
        if len(found) > 1:
            raise bad_request(f"both '{found[0]}' and '{found[1]}' hold rows: send one")
        document = document[found[0]] if found else document
    if isinstance(document, dict) and "data" in document:
        columns = document.get("columns", names)
        if not isinstance(columns, list | tuple) or not all(isinstance(c, str) for c in columns):
            raise bad_request("'columns' must be a list of names")
        document, names = document["data"], columns
    if not isinstance(document, list):
        raise bad_request(
            'no rows: send {"instances": [...]}, {"columns": [...], "data": [...]} or a list'
        )
    return document, names


def _by_column(
    rows: Rows, columns: Sequence[str], names: Sequence[str], limits: Limits
) -> Mapping[str, Sequence[Any]]:
    """Return the cells of `names`, from rows whose lists have `columns`."""
    if len(rows) > limits.max_rows:
        raise too_many_rows(len(rows), limits.max_rows)
    if len(set(columns)) != len(columns):
        twice = next(name for name in columns if list(columns).count(name) > 1)
        raise bad_request(f"column {shown(twice)} is there twice")
    absent = [name for name in names if name not in set(columns)]
    if absent:
        raise bad_request(f"column {shown(absent[0])} is missing")
    if rows and all(type(row) is list and len(row) == len(columns) for row in rows):
        table = dict(zip(columns, zip(*rows, strict=True), strict=True))
        cells = {name: table[name] for name in names}
    else:
        places = {name: columns.index(name) for name in names}
        picked = [_row(row, i, columns, places) for i, row in enumerate(rows, start=1)]
        cells = {name: tuple(row[i] for row in picked) for i, name in enumerate(names)}
    for name, column in cells.items():
        if not {list, dict}.isdisjoint(map(type, column)):
            raise bad_request(f"column {shown(name)} has a cell that is a list or an object")
    return cells


def _row(row: Any, number: int, columns: Sequence[str], places: Mapping[str, int]) -> list[Any]:
    """Return the cells of one row, in the order of `places`."""
    if isinstance(row, dict):
        # SageMaker's own models are sent rows as {"features": [...]}.
        if row.keys() != {"features"} or "features" in places:
            absent = [name for name in places if name not in row]
            if absent:
                raise bad_request(f"row {number} has no column {shown(absent[0])}")
            return [row[name] for name in places]
        row = row["features"]
    if not isinstance(row, list):
        if len(columns) != 1:
            raise bad_request(f"row {number} is neither a list nor an object")
        row = [row]
    if len(row) != len(columns):
        raise bad_request(
            f"row {number} has {len(row)} cells, but there are {len(columns)} columns"
        )
    return [row[place] for place in places.values()]
