"""Hostile tables: a result, or one clear line that says where and what to do; never a traceback."""

import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deployer.errors import UsageError
from deployer.tables.read import parse_table, read_table
from deployer.training.data import Prepared, arrays_of, inputs_of, prepare, to_frame

PENGUINS = Path(__file__).parents[3] / "examples" / "penguins" / "penguins.csv"


def understood(data: bytes) -> Prepared:
    prepared = prepare(parse_table(data, "t.csv"), "y")
    arrays = arrays_of(prepared)
    frame = to_frame(arrays)
    assert list(frame.columns) == list(prepared.features.kinds)
    assert all(array.shape == (len(prepared.table), 1) for array in arrays.values())
    assert len(frame) == len(prepared.labels) == sum(prepared.counts.values())
    return prepared


def lines(*rows: str) -> bytes:
    return "\n".join(rows).encode() + b"\n"


TEN = [f"{i},{'ab'[i % 2]}" for i in range(10)]

REFUSED = {
    "empty": (b"", "the file is empty"),
    "header only": (b"x,y\n", "a header but no rows"),
    "one row per class": (lines("x,y", "1,a", "2,b"), "class 'a' has a single row, row 1"),
    "a class with one row": (lines("x,y", *TEN, "3,c"), "class 'c' has a single row, row 11"),
    "one class": (lines("x,y", "1,a", "2,a"), "one class only"),
    "no class": (lines("x,y", "1,", "2,NA"), "every cell is empty"),
    "duplicate names": (lines("x,x,y", "1,2,a"), "columns 1 and 2 are both 'x'"),
    "all features empty": (lines("x,y", ",a", ",b", ",a", ",b"), "no column is left"),
    "infinities": (lines("x,y", *TEN, "inf,a"), "row 11 (line 12), column 'x': 'inf' is infinite"),
    "beyond float32": (lines("x,y", *TEN, "1e39,a"), "row 11 (line 12), column 'x'"),
    "mixed types": (lines("x,y", *TEN, "red,a"), "row 11 (line 12), column 'x': 'red' is not"),
    "wrong encoding": ("x,y\n1,é\n".encode("latin-1"), "line 2: byte 0xe9 at offset 6"),
    "UTF-16": ("x,y\n1,a\n".encode("utf-16"), "byte 0xff at offset 0 is not UTF-8"),
    "ragged": (lines("x,y", *TEN, "1,a,3"), "line 12: 3 cells"),
    "NUL": (b"x,y\n1,\0\n", "NUL byte"),
    "regression": (lines("x,y", *(f"{i},{i}.5" for i in range(60))), "looks like regression"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused_in_one_line(name: str) -> None:
    data, message = REFUSED[name]
    with pytest.raises(UsageError) as caught:
        understood(data)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.where.startswith("t.csv")
    assert caught.value.hint


TAKEN = {
    "BOM": b"\xef\xbb\xbf" + lines("x,y", *TEN),
    "CRLF": lines("x,y", *TEN).replace(b"\n", b"\r\n"),
    "quoted newlines": lines("x,y", *(f'"{i}\n",{"ab"[i % 2]}' for i in range(10))),
    "all-missing column": lines("e,x,y", *(f"NA,{row}" for row in TEN)),
    "constant column": lines("k,x,y", *(f"7,{row}" for row in TEN)),
    "duplicate columns": lines("w,x,y", *(f"{row[0]},{row}" for row in TEN)),
    "target with missing values": lines("x,y", *TEN, "3,", "4,NA"),
    "constant column only": lines("x,y", *(f"7,{row[2]}" for row in TEN)),
}


@pytest.mark.parametrize("name", TAKEN)
def test_taken(name: str) -> None:
    prepared = understood(TAKEN[name])
    assert prepared.counts == {"a": 5, "b": 5}
    assert "x" in prepared.features.kinds
    assert prepared.total == 10 + 2 * (name == "target with missing values")


def test_ten_thousand_categories_and_two_thousand_columns() -> None:
    began = time.process_time()
    many = understood(lines("x,y", *(f"t{i % 10_000},{'ab'[i % 7 % 2]}" for i in range(20_000))))
    assert many.features.kinds == {"x": "categorical"}
    assert "10000 categories" in many.warnings[0]
    wide = ",".join(f"c{i}" for i in range(2000))
    values = np.random.default_rng(0).random((40, 2000)).round(3)
    rows = [",".join(map(str, row)) + f",{'ab'[i % 2]}" for i, row in enumerate(values)]
    assert understood(lines(f"{wide},y", *rows)).features.count("numeric") == 2000
    assert time.process_time() - began < 30


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["1", "x", "", "inf", "2020-01-01", "NA", "a b c", "1,5", "-0", "é"]),
            st.sampled_from(["1", "2", "", "a", "A"]),
        ),
        max_size=12,
    )
)
def test_any_small_table_is_a_result_or_one_line(rows: list[tuple[str, str]]) -> None:
    data = lines("x,z,y", *(f'"{x}",{i % 3},{y}' for i, (x, y) in enumerate(rows)))
    refusal = None
    try:
        understood(data)
    except UsageError as error:
        refusal = error
    assert refusal is None or (refusal.hint and "\n" not in str(refusal))


def test_the_frame_is_what_the_arrays_are() -> None:
    prepared = prepare(read_table(PENGUINS), "species")
    arrays = arrays_of(prepared)
    frame = to_frame(arrays)
    assert list(frame.columns) == list(arrays)
    for name, array in arrays.items():
        assert frame[name].dtype == array.dtype
        assert pd.Series(array[:, 0], dtype=array.dtype).equals(frame[name].rename(None))


def test_numbers_are_one_block() -> None:
    arrays = {f"c{i}": np.full((100, 1), i, dtype=np.float32) for i in range(9)}
    frame = to_frame(arrays)
    assert np.shares_memory(frame["c0"].to_numpy(), frame.to_numpy())
    assert frame.iloc[3].tolist() == list(range(9))


def test_inputs_count_missing_values_among_the_rows_asked_for() -> None:
    prepared = prepare(parse_table(lines("x,c,y", ",r,a", "1,,b", ",,a", "2,s,b"), "t.csv"), "y")
    assert [each.missing for each in inputs_of(prepared)] == [2, 2]
    assert [each.missing for each in inputs_of(prepared, np.array([0, 1]))] == [1, 1]
    assert [type(each).__name__ for each in inputs_of(prepared)] == [
        "NumericInput",
        "CategoricalInput",
    ]
