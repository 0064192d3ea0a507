"""Both CSV readers are one reader: the same table, or the same refusal."""

from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from deployer.errors import UsageError
from deployer.tables import csv_fast
from deployer.tables.csv_fast import read_fast
from deployer.tables.csv_strict import read_strict
from deployer.tables.read import parse_table
from deployer.tables.sample import Rows
from deployer.tables.source import Source
from deployer.tables.table import Table

Outcome = tuple[object, ...]


def source(data: bytes) -> Source:
    return Source("t.csv", None, data, len(data))


def rows(sample: int | None = None) -> Rows:
    return Rows("t.csv", sample=sample, seed=3, memory=None)


def outcome(table: Table) -> Outcome:
    assert table.lines is not None
    return (
        table.names,
        [table.cells(name) for name in table.names],
        table.rows.tolist(),
        table.lines.tolist(),
        table.sha256,
        table.size,
        table.total,
    )


def strict(data: bytes, sample: int | None = None) -> Outcome:
    try:
        return outcome(read_strict(source(data), rows(sample)))
    except UsageError as error:
        return ("refused", str(error), error.hint)


def fast(data: bytes, sample: int | None = None) -> Outcome | None:
    try:
        table = read_fast(source(data), rows(sample))
    except UsageError as error:
        return ("refused", str(error), error.hint)
    return None if table is None else outcome(table)


LINES = st.lists(
    st.sampled_from(
        ["a", "b", "", " ", "1.5", " x ", "\t", "\x1c", "\x85y", "\u3000z", "é", "a b"]
    ),
    min_size=1,
    max_size=3,
).map(",".join)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(LINES, max_size=6), st.sampled_from(["\n", "\r\n", "\r"]), st.booleans(), st.booleans()
)
@example(["a,b", "1,2", "", "3,4"], "\r\n", True, True)
@example(["", "a,b", "1,2"], "\n", True, False)
@example(["a", "1"], "\n", False, False)
def test_tables_without_quotes(lines: list[str], end: str, mark: bool, last: bool) -> None:
    data = (end.join(lines) + end * last).encode("utf-8-sig" if mark else "utf-8")
    answer = fast(data)
    assert answer is None or answer == strict(data)


@settings(max_examples=200, deadline=None)
@given(
    st.binary(max_size=60) | st.text(alphabet='ab,\r\n "\ufeff;\0é', max_size=30).map(str.encode)
)
@example(b"\x01\n\xef\xbb\xbf\x01")
def test_any_bytes(data: bytes) -> None:
    answer = fast(data)
    assert answer is None or answer == strict(data)


def test_the_fast_reader_takes_what_it_is_made_for() -> None:
    for data in (b"a,b\n1,2\n", b"a,b\r\n1, 2\r\n\r\n", "\ufeffa\né".encode()):
        assert fast(data) == strict(data)
        assert fast(data) is not None


def test_blocks_of_any_size(monkeypatch: pytest.MonkeyPatch) -> None:
    data = b"first,second\r\n" + b"".join(b"%d, x%d\r\n" % (i, i) for i in range(500)) + b"\r\n9,9"
    expected = strict(data)
    for size in (64, 65, 67, 1000):
        monkeypatch.setattr(csv_fast, "BLOCK", size)
        assert fast(data) == expected
        assert fast(data, sample=20) == strict(data, sample=20)


def test_a_long_cell_is_refused_by_both_or_neither() -> None:
    for length in (131_072, 131_073):
        data = b"a,b\n1," + b"x" * length + b"\n"
        answer = fast(data)
        assert answer is None or answer == strict(data)


def test_large_tables_are_read_without_python_objects(tmp_path: Path) -> None:
    values = np.random.default_rng(0).normal(size=(3000, 4)).round(3)
    data = b"a,b,c,d\n" + b"\n".join(b",".join(b"%r" % v for v in row) for row in values.tolist())
    table = parse_table(data, "t.csv")
    assert fast(data) == outcome(table)
    assert [pc.cast(each, "double").to_pylist() for each in table.data.columns] == values.T.tolist()


@pytest.mark.parametrize(
    "data", [b'a,b\n"1",2\n', b'"a",b\n1,2\n', b"a,b\n1,2\0\n", b"a,b\n1,\xff\n", b"a,b\n1\n"]
)
def test_what_the_strict_reader_must_see_is_left_to_it(data: bytes) -> None:
    assert fast(data) is None


def test_carriage_returns_at_the_ends_of_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    lone = b"a,b\n" + b"1,2\r" + b"3,4\n" * 40
    for size in range(16, 60):
        monkeypatch.setattr(csv_fast, "BLOCK", size)
        assert fast(lone) is None
    early = b"a,b\n" + b"3,4\n" * 20 + b"12,34567\r" + b"3,4\n"
    for size in range(16, 100):
        monkeypatch.setattr(csv_fast, "BLOCK", size)
        assert fast(early) is None
