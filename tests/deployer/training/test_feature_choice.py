"""Columns: numbers are numeric, the rest are categories, and what cannot help is left out."""

import csv
import io
from datetime import date

import numpy as np
import pyarrow as pa
import pytest

from deployer.errors import UsageError
from deployer.tables.read import parse_table
from deployer.tables.table import Table
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
        unlike=[f"t{i}" for i in range(rows * 2 - 1)] + ["t0"],
        enough=[f"t{i % MAX_CATEGORIES}" for i in range(rows * 2)],
        y=["a", "b"] * rows,
    )
    features = choose_features(table, "y")
    assert features.kinds == {"x": "numeric", "many": "categorical", "enough": "categorical"}
    assert features.warnings == [
        "column 'empty' is left out: every cell is empty",
        "column 'many' holds 1001 categories: the 1000 commonest are used, the others count as one",
        "column 'unlike' is left out: 2001 different texts in 2002 rows, so few of them repeat",
    ]
    assert [each.name for each in features.ignored] == ["empty", "unlike"]


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


def test_dates_and_prose_are_told_from_categories() -> None:
    days = [f"2020-01-{i + 1:02d}" for i in range(20)]
    table = table_of(
        day=[*days, "NA", ""],
        moment=[f"{day}T12:00:00+01:00" for day in days] + ["2020-01-01"] * 2,
        compact=[day.replace("-", "") for day in days] + ["20200101"] * 2,
        prose=[f"the {i} quick brown foxes" for i in range(22)],
        slogans=["buy one get one free", "while supplies last only"] * 11,
        names=[f"Ada {i}" for i in range(22)],
        y=["a", "b"] * 11,
    )
    features = choose_features(table, "y")
    assert features.kinds == {
        "day": "date",
        "moment": "date",
        "compact": "numeric",
        "prose": "text",
        "slogans": "categorical",
    }
    assert [each.name for each in features.ignored] == ["names"]
    forced = choose_features(table, "y", text=["names", "day"], categorical=["moment"])
    assert forced.kinds["names"] == forced.kinds["day"] == "text"
    assert forced.kinds["moment"] == "categorical"
    assert choose_features(table, "y", dates=["names"]).kinds["names"] == "date"


def test_what_is_no_date_among_dates_is_named() -> None:
    table = table_of(d=["2020-01-01"] * 8 + ["", "31.12.2020"], y=TARGET)
    with pytest.raises(
        UsageError, match=r"'31\.12.2020' is not a date, but 8 of 9 cells are"
    ) as it:
        choose_features(table, "y")
    assert it.value.where == "t.csv: row 10 (line 11), column 'd'"
    half = table_of(d=["2020-01-01", "soon"] * 5, y=TARGET)
    assert choose_features(half, "y").kinds == {"d": "categorical"}


def test_typed_columns_are_what_their_types_say() -> None:
    columns = {
        "n": pa.array([1, None]),
        "t": pa.array([True, None]),
        "d": pa.array([date(2020, 1, 1), None]).cast(pa.timestamp("us")),
        "nothing": pa.array([None, None], pa.int64()),
        "y": pa.array(["a", "b"]),
    }
    table = Table("t.parquet", pa.table(columns), np.array([1, 2]))
    features = choose_features(table, "y")
    assert features.kinds == {"n": "numeric", "t": "categorical", "d": "date"}
    assert features.warnings == ["column 'nothing' is left out: every cell is empty"]
    assert choose_features(table, "y", categorical=["n"]).kinds["n"] == "categorical"


def test_one_column_cannot_be_of_two_kinds() -> None:
    table = table_of(x=["1", "2"], y=["a", "b"])
    with pytest.raises(UsageError, match="--date names 'x', which another option calls text"):
        choose_features(table, "y", text=["x"], dates=["x"])


def test_infinite_numbers_are_numbers_for_the_encoder_to_refuse() -> None:
    table = table_of(n=["1", "inf", "1e400", "", "1e39"], y=["a", "b", "a", "b", "a"])
    assert choose_features(table, "y").kinds == {"n": "numeric"}
    assert not table.parsed


def test_a_few_long_texts_are_no_prose() -> None:
    table = table_of(x=[f"one of only {i} such texts" for i in range(10)], y=TARGET)
    assert choose_features(table, "y").kinds == {"x": "categorical"}
