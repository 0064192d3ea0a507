"""A table read in batches is the table read whole: the same cells, numbers, lines and refusals."""

import json
import os
import threading
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from deployer.errors import DeployerError, MissingError, UsageError
from deployer.packaging.cells import encode_table
from deployer.packaging.documents import NumericInput
from deployer.tables.columns import counts
from deployer.tables.columns import texts as column_texts
from deployer.tables.read import read_table
from deployer.tables.stream import open_stream
from deployer.tables.table import Table

HEADER = "height,colour"
LINES = st.lists(
    st.sampled_from(
        ["1,red", " 2 ,blue ", "3,", "4,größe", "5,\u2003x\u2003", "", '6,"a,b"', '"7\n",z', "8",
         "9,x,y", '10,"open', "11,a\rb", "12,\x00"]
    ),
    max_size=12,
)  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("stream")


def cells(tables: list[Table]) -> dict[str, list[object]]:
    found: dict[str, list[object]] = {name: [] for table in tables for name in table.names}
    for table in tables:
        for name, column in found.items():
            column.extend(table.cells(name) if name in table.names else [None] * len(table))
    return found


def in_batches(path: Path, rows: int) -> list[Table]:
    with open_stream(path) as stream:
        return list(stream.batches(rows))


def read_whole(path: Path) -> Table | UsageError:
    try:
        return read_table(path)
    except UsageError as error:
        return error


def refusal(error: DeployerError) -> tuple[str, str, str]:
    return error.message, error.where, error.hint


@settings(max_examples=80, deadline=None)
@given(LINES, st.integers(1, 5), st.sampled_from(["\n", "\r\n"]))
@example(["1,red", "", "2,blue"], 1, "\n")
@example(["1,red"] * 5 + ['6,"a,b"'], 2, "\n")
def test_csv_as_when_read_whole(folder: Path, lines: list[str], rows: int, end: str) -> None:
    path = folder / "t.csv"
    path.write_bytes(end.join([HEADER, *lines]).encode() + end.encode())
    whole = read_whole(path)
    if isinstance(whole, UsageError):
        with pytest.raises(UsageError) as seen:
            in_batches(path, rows)
        assert refusal(seen.value) == refusal(whole)
        return
    batches = in_batches(path, rows)
    assert [len(each) for each in batches[:-1]] == [rows] * (len(batches) - 1)
    assert cells(batches) == whole.columns
    assert np.concatenate([each.rows for each in batches]).tolist() == whole.rows.tolist()
    places = [each.place(i, "height") for each in batches for i in range(len(each))]
    assert places == [whole.place(i, "height") for i in range(len(whole))]


def long_csv(path: Path, rows: int, last: str) -> None:
    """Write more than the fast reader's first blocks, and then `last`."""
    with path.open("w") as file:
        file.write("height,colour\n")
        file.writelines(f"{row},{'c' * 40}{row}\n" for row in range(1, rows + 1))
        file.write(last)


@pytest.mark.parametrize(
    ("last", "words"),
    [
        ('9,"a,b"\n', ""),
        ("\n\n9,ü\n", ""),
        ("9\n", "line 60002: 1 cells, but the header has 2"),
        ('9,"open\n', "line 60002: a quote is opened and never closed"),
    ],
)
def test_what_is_odd_far_below(tmp_path: Path, last: str, words: str) -> None:
    path = tmp_path / "long.csv"
    long_csv(path, 60_000, last)
    given: list[Table] = []
    with open_stream(path) as stream:
        assert stream.expected == pytest.approx(60_001, rel=0.2)
        batches = stream.batches(7_001)
        if not words:
            given = list(batches)
            assert sum(map(len, given)) == 60_001
            whole = read_table(path)
            assert cells(given) == whole.columns
            assert given[-1].place(len(given[-1]) - 1, "x") == whole.place(60_000, "x")
            return
        with pytest.raises(UsageError) as seen:
            given.extend(batches)
    assert words in str(seen.value)
    assert sum(map(len, given)) <= 60_000


def test_bytes_that_are_no_text_far_below(tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    long_csv(path, 60_000, "")
    path.write_bytes(path.read_bytes() + b"9,\xff\n")
    with pytest.raises(UsageError, match="line 60002: byte 0xff") as whole:
        read_table(path)
    with pytest.raises(UsageError) as seen:
        in_batches(path, 7_001)
    assert refusal(seen.value) == refusal(whole.value)


def test_a_bad_cell_far_below_has_its_line(tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    long_csv(path, 30_000, "\n\nwide,red\n")
    inputs = [NumericInput(name="height", tensor="height", missing=0)]
    with open_stream(path) as stream:
        encoded = (encode_table(inputs, table) for table in stream.batches(10_000))
        with pytest.raises(UsageError) as seen:
            list(encoded)
    assert seen.value.where == f"{path}: row 30001 (line 30004), column 'height'"


def test_parquet_as_when_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    table = pa.table({"a": list(range(1000)), "b": [None, True] * 500, "c": [" x "] * 1000})
    pq.write_table(table, path, row_group_size=70)
    with open_stream(path) as stream:
        assert stream.expected == 1000
        batches = list(stream.batches(64))
    assert [len(each) for each in batches] == [64] * 15 + [40]
    assert cells(batches) == read_table(path).columns
    path.write_bytes(b"PAR1 and no more")
    with pytest.raises(UsageError, match="not a Parquet file"), open_stream(path):
        pass


def test_json_lines_as_when_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    rows: list[dict[str, object]] = [{"a": row} for row in range(5000)]
    rows += [{"a": 0.5, "late": "x"}, {}, {"late": None, "a": 7}]
    path.write_text("\n\n".join(map(json.dumps, rows)))
    batches = in_batches(path, 3000)
    whole = read_table(path)
    assert cells(batches) == whole.columns
    assert np.concatenate([each.rows for each in batches]).tolist() == whole.rows.tolist()
    last = batches[-1]
    assert last.place(len(last) - 1, "a") == whole.place(len(whole) - 1, "a")
    with open_stream(path) as stream:
        assert stream.names() == ["a", "late"]


def test_json_lines_of_two_minds(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text('{"a": 1}\n' * 5000 + '{"a": "x"}\n')
    with pytest.raises(UsageError, match="line 5001: 'a' is text, but numbers in line 1"):
        in_batches(path, 100)


def pour(path: Path, data: bytes) -> threading.Thread:
    def write() -> None:
        with path.open("wb") as file:
            file.write(data)

    thread = threading.Thread(target=write)
    thread.start()
    return thread


def test_a_pipe_is_read_twice_all_the_same(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    pouring = pour(pipe, b'a,b\n1,2\n\n3,"4"\n')
    with open_stream(pipe) as stream:
        (batch,) = stream.batches(10)
        assert batch.cells("b") == ["2", "4"]
        assert batch.place(1, "b") == f"{pipe}: row 2 (line 4), column 'b'"
    pouring.join()


def test_paths_that_will_not_do(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="no such file"), open_stream(tmp_path / "absent"):
        pass
    with pytest.raises(UsageError, match="a directory"), open_stream(tmp_path):
        pass
    packed = tmp_path / "t.csv"
    packed.write_bytes(b"\x1f\x8b rest")
    with pytest.raises(UsageError, match="compressed"), open_stream(packed):
        pass


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        ([None, "x"], ["", "x"]),
        ([None, None], ["", ""]),
        ([None, 3], ["", "3"]),
        ([None, True], ["", "true"]),
    ],
)
def test_missing_values_in_several_chunks(
    tmp_path: Path, values: list[object], texts: list[str]
) -> None:
    # More rows than are read at once, which Arrow keeps apart.
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"a": list(range(140_000)), "b": values * 70_000}), path)
    table = read_table(path)
    assert table.column("b").num_chunks > 1
    read = column_texts(table.column("b"))
    assert read[:2].tolist() == read[-2:].tolist() == texts
    assert counts(table.column("b")) == {text: 70_000 for text in texts if text}
