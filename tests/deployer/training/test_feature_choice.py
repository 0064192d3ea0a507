"""Columns: numbers are numeric, the rest are categories, and what cannot help is left out."""

import csv
import io

import pytest

from deployer.errors import UsageError
from deployer.packaging.table import Table, parse_table
from deployer.training.features import MAX_CATEGORIES, choose_features


def table_of(**columns: list[str]) -> Table:
    text = io.StringIO()
    csv.writer(text).writerows([columns, *zip(*columns.values(), strict=True)])
    return parse_table(text.getvalue().encode(), "t.csv")


TARGET = ["a", "b"] * 5


def test_kinds() -> None:
    table = table_of(
        number=["1", "", "-2.5e3", "NA", "4"] * 2,
        word=["red", "", "blue", "red", "NA"] * 2,
        truth=["True", "false"] * 5,
        zero_one=["0", "1"] * 5,
        constant=["7"] * 10,
        doors=["2", "3", "4", "5more"] * 2 + ["2", "5more"],
        y=TARGET,
    )
    features = choose_features(table, "y")
    assert features.kinds == {
        "number": "numeric",
        "word": "categorical",
        "truth": "categorical",
        "zero_one": "numeric",
        "constant": "numeric",
        "doors": "categorical",
    }
    assert not features.warnings
    assert (features.count("numeric"), features.count("categorical")) == (3, 3)
    forced = choose_features(table, "y", categorical=["zero_one"], drop=["word"])
    assert forced.kinds["zero_one"] == "categorical"
    assert "word" not in forced.kinds
    assert forced.ignored[0].name == "word"


def test_columns_that_cannot_help_are_left_out_with_a_warning() -> None:
    rows = MAX_CATEGORIES + 1
    table = table_of(
        x=["1"] * rows * 2,
        empty=["NA"] * rows * 2,
        many=[f"t{i}" for i in range(rows)] * 2,
        enough=[f"t{i % MAX_CATEGORIES}" for i in range(rows * 2)],
        y=["a", "b"] * rows,
    )
    features = choose_features(table, "y")
    assert list(features.kinds) == ["x", "enough"]
    assert features.warnings == [
        "column 'empty' is left out: every cell is empty",
        "column 'many' is left out: 1001 different texts, more than 1000, so no category",
    ]
    assert [each.name for each in features.ignored] == ["empty", "many"]


def test_identifiers_and_columns_without_a_name_are_left_out() -> None:
    table = table_of(
        **{"": [str(i) for i in range(20)], "id": [f"p{i}" for i in range(20)]},
        x=["1"] * 20,
        y=TARGET * 2,
    )
    features = choose_features(table, "y")
    assert list(features.kinds) == ["x"]
    assert "column 1 is left out: it has no name" in features.warnings[0]
    assert "as in an identifier" in features.warnings[1]


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (["1", "2", "x", "4", "5", "", "6"], "'x' is not a number, but 5 of 6 cells are"),
        (["1", "2", "1,5", "2,5", "3,5", "", "6"], "'1,5' is a number with a comma in it"),
        (["1,000", "2,000", "1,500", "NA", "3", "4", "5"], "'1,000' is a number with a comma"),
    ],
)
def test_text_among_numbers_is_named_by_row_and_column(cells: list[str], message: str) -> None:
    table = table_of(n=cells, y=["a", "b"] * 3 + ["a"])
    row = next(i for i, cell in enumerate(cells, start=1) if cell == message.split("'")[1])
    with pytest.raises(UsageError) as caught:
        choose_features(table, "y")
    assert message in caught.value.message
    assert caught.value.where == f"t.csv: row {row} (line {row + 1}), column 'n'"
    assert choose_features(table, "y", categorical=["n"]).kinds == {"n": "categorical"}


@pytest.mark.parametrize(
    ("drop", "categorical", "message"),
    [
        (["X"], [], "--drop names a column that is not there, 'X'"),
        (["y"], [], "--drop names the target"),
        ([], ["y"], "--categorical names the target"),
        (["x"], [], "no column is left to predict 'y' from"),
    ],
)
def test_refusals(drop: list[str], categorical: list[str], message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        choose_features(
            table_of(x=["1", "2"], y=["a", "b"]), "y", drop=drop, categorical=categorical
        )
    assert caught.value.hint
