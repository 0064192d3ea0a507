"""The CSV reader: what is accepted comes back whole, what is not is named by its line."""

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.errors import DeployerError, MissingError, UsageError
from deployer.tables.read import parse_table
from deployer.tables.source import read_bytes
from deployer.tables.table import nearest

CELLS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8)
STRIPPED = CELLS.map(str.strip)


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[str], list[list[str]]]:
    names = draw(st.lists(STRIPPED.filter(bool), min_size=2, max_size=4, unique=True))
    row = st.lists(STRIPPED, min_size=len(names), max_size=len(names))
    return names, draw(st.lists(row, min_size=1, max_size=5))


def written(names: list[str], rows: list[list[str]], terminator: str = "\n") -> bytes:
    text = io.StringIO(newline="")
    # The writer forgets to quote a carriage return where that is not its own terminator.
    writer = csv.writer(text, lineterminator=terminator, quoting=csv.QUOTE_ALL)
    writer.writerows([names, *rows])
    return text.getvalue().encode()


@given(tables(), st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_what_was_written_is_read(
    table: tuple[list[str], list[list[str]]], terminator: str, mark: bool
) -> None:
    names, rows = table
    data = (b"\xef\xbb\xbf" if mark else b"") + written(names, rows, terminator)
    read = parse_table(data, "t.csv")
    assert list(read.columns) == names
    assert [list(row) for row in zip(*read.columns.values(), strict=True)] == rows
    assert read.rows.tolist() == list(range(1, len(rows) + 1))


@given(st.binary(max_size=200))
def test_any_bytes_are_a_table_or_a_usage_error(data: bytes) -> None:
    refusal = None
    try:
        assert len(parse_table(data, "t.csv")) >= 1
    except UsageError as error:
        refusal = error
    assert refusal is None or (refusal.where == "t.csv" and refusal.hint)


def test_lines_count_blank_lines_and_line_breaks_in_cells() -> None:
    table = parse_table(b'a,b\n\n1,"x\ny"\n2,z\n', "t.csv")
    assert table.lines is not None
    assert table.lines.tolist() == [3, 5]
    assert table.place(1, "b") == "t.csv: row 2 (line 5), column 'b'"
    assert table.select([1]).place(0, "a") == "t.csv: row 2 (line 5), column 'a'"


@pytest.mark.parametrize(
    ("data", "message", "hint"),
    [
        (b"", "the file is empty", "header"),
        (b"\xef\xbb\xbf\n", "the file is empty", "header"),
        (b"a,b\n", "a header but no rows", "rows"),
        (b"a,b,a\n1,2,3\n", "columns 1 and 3 are both 'a'", "name"),
        (b"a,,\n1,2,3\n", "columns 2 and 3 are both without a name", "name"),
        (b"a,b\n1,2\n1,2,3\n", "line 3: 3 cells, but the header has 2", "comma"),
        (b"a,b\n1,2\n\n1\n", "line 4: 1 cells, but the header has 2", "comma"),
        (b"a;b\n1;2\n", "the header is one cell, and holds semicolons", "commas"),
        (b"a\tb\n1\t2\n", "the header is one cell, and holds tabs", "commas"),
        (b'a,b\n1,"2\n3,4\n', "line 2: a quote is opened and never closed", "close"),
        (b'a,b\n1,"2"x\n', "line 2: ',' expected after '\"'", "quotes"),
        (b"a,b\n1,\0\n", "line 2: holds a NUL byte", "text"),
        (b"a,b\n1,2\n\xff,2\n", "line 3: byte 0xff at offset 8 is not UTF-8", "iconv -f WINDOWS"),
        (b"\xef\xbb\xbfa\n\xff\n", "line 2: byte 0xff at offset 5 is not UTF-8", "iconv"),
        ("a,b\n1,2\n".encode("utf-16"), "byte 0xff at offset 0 is not UTF-8", "iconv -f UTF-16"),
        (b"a,b\n1," + b"x" * 200_000, "line 2: a cell of more than 131072 characters", "quote"),
    ],
)
def test_refusals_say_where_and_what_to_do(data: bytes, message: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_table(data, "t.csv")
    assert message in caught.value.message
    assert hint in caught.value.hint


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path, kind in [
        (tmp_path / "absent", MissingError),
        (tmp_path / "file" / "below", MissingError),
        (tmp_path, UsageError),
    ]:
        with pytest.raises(DeployerError) as caught:
            read_bytes(path)
        assert type(caught.value) is kind
        assert caught.value.where == str(path)


def test_nearest_ignores_case_and_lists_few() -> None:
    assert nearest("SPECES", ["island", "species"]).startswith("did you mean 'species'?")
    assert nearest("qqq", ["island"]) == "the columns are 'island'"
    assert nearest("qqq", [f"c{i}" for i in range(100)]).endswith(" and 88 more")
