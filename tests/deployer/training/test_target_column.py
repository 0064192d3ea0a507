"""The target: which rows have a class, and which columns are no target at all."""

import pytest

from deployer.errors import UsageError
from deployer.packaging.table import Table, parse_table
from deployer.training.target import MAX_NUMERIC_CLASSES, read_target


def table_of(*cells: str) -> Table:
    rows = "".join(f'{i},"{cell}"\n' for i, cell in enumerate(cells))
    return parse_table(f"x,y\n{rows}".encode(), "t.csv")


def test_rows_without_a_class_are_left_out_and_told() -> None:
    target = read_target(table_of("b", "NA", "a", "", "b", "a"), "y")
    assert target.labels == ["b", "a", "b", "a"]
    assert target.table.rows == [1, 3, 5, 6]
    assert target.table.columns["x"] == ["0", "2", "4", "5"]
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
        (["a", "a", "b", "c"], "y", "class 'b' has a single row (and 1 more classes)", "add rows"),
    ],
)
def test_refusals(cells: list[str], column: str, message: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_target(table_of(*cells), column)
    assert message in caught.value.message
    assert hint in caught.value.hint
    assert caught.value.where.startswith("t.csv")
