"""The target: which rows have a class, and which columns are no target at all."""

import numpy as np
import pyarrow as pa
import pytest

from deployer.errors import UsageError
from deployer.tables.read import parse_table
from deployer.tables.table import Table
from deployer.training.target import MAX_NUMERIC_CLASSES, read_target


def table_of(*cells: str) -> Table:
    rows = "".join(f'{i},"{cell}"\n' for i, cell in enumerate(cells))
    return parse_table(f"x,y\n{rows}".encode(), "t.csv")


def test_rows_without_a_class_are_left_out_and_told() -> None:
    target = read_target(table_of("b", "NA", "a", "", "b", "a"), "y")
    assert target.labels.tolist() == ["b", "a", "b", "a"]
    assert target.table.rows.tolist() == [1, 3, 5, 6]
    assert target.table.cells("x") == ["0", "2", "4", "5"]
    assert target.counts == {"a": 2, "b": 2}
    assert target.classes == ["a", "b"]
    assert target.warnings == ["2 rows have no 'y' and are left out: rows 2, 4"]
    assert read_target(table_of("b", "NA", "b", "a", "a"), "y").warnings == [
        "1 row has no 'y' and is left out: row 2"
    ]
    many = read_target(table_of("a", "a", "b", "b", *["NA"] * 9), "y")
    assert many.warnings[0].endswith("rows 5, 6, 7, 8, 9, …")


def test_numbers_are_classes_as_written_unless_written_in_two_ways() -> None:
    assert read_target(table_of("01", "02", "01", "02"), "y").classes == ["01", "02"]
    assert read_target(table_of("1.0", "2.0", "1.0", "2.0"), "y").classes == ["1.0", "2.0"]
    mixed = read_target(table_of("1", "1.0", "2.5", "2.50"), "y")
    assert mixed.counts == {"1": 2, "2.5": 2}
    assert "several ways" in mixed.warnings[0]


def test_many_numbers_are_a_quantity() -> None:
    numbers = [str(i) for i in range(MAX_NUMERIC_CLASSES)] * 2
    assert len(read_target(table_of(*numbers), "y").classes) == MAX_NUMERIC_CLASSES
    with pytest.raises(UsageError, match="51 different numbers, which looks like regression"):
        read_target(table_of(*numbers, "50", "50"), "y")
    words = [f"w{i}" for i in range(MAX_NUMERIC_CLASSES + 1)] * 2
    assert len(read_target(table_of(*words), "y").classes) == MAX_NUMERIC_CLASSES + 1


@pytest.mark.parametrize(
    ("cells", "column", "message", "hint"),
    [
        (["a", "b"], "Y", "there is no column 'Y'", "did you mean 'y'?"),
        (["", "NA"], "y", "every cell is empty", "--target"),
        (["a", "a", ""], "y", "one class only, 'a'", "two classes"),
        (["a", "a", "b"], "y", "class 'b' has a single row", "add rows"),
        (
            ["a", "a", "b", "c"],
            "y",
            "class 'b' has a single row, row 3 (and 1 more classes)",
            "add rows",
        ),
    ],
)
def test_refusals(cells: list[str], column: str, message: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_target(table_of(*cells), column)
    assert message in caught.value.message
    assert hint in caught.value.hint
    assert caught.value.where.startswith("t.csv")


def test_a_class_with_a_single_row_may_be_allowed() -> None:
    with pytest.raises(UsageError, match="class 'c' has a single row, row 4: it cannot") as caught:
        read_target(table_of("a", "NA", "a", "c"), "y")
    assert "remove its row" in caught.value.hint
    assert read_target(table_of("a", "NA", "a", "c"), "y", single=True).counts == {"a": 2, "c": 1}


@pytest.mark.parametrize(
    ("column", "classes"),
    [
        (pa.array([1, 2, None, 1, 2]), ["1", "2"]),
        (pa.array([1.0, 2.5, float("nan"), 1.0, 2.5]), ["1", "2.5"]),
        (pa.array([True, False, None, True, False]), ["false", "true"]),
        (pa.array(["b", "a", None, "b", "a"]), ["a", "b"]),
    ],
)
def test_typed_columns_are_targets_too(column: pa.Array, classes: list[str]) -> None:
    target = read_target(Table("t", pa.table({"y": column}), np.arange(1, 6)), "y")
    assert target.classes == classes
    assert target.table.rows.tolist() == [1, 2, 4, 5]
    assert [type(label) for label in target.labels] == [str] * 4
