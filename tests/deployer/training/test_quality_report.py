"""The quality report: each thing that can be wrong is told, with its numbers, and nothing else."""

import csv
import io

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_iris, load_wine

from deployer.packaging.documents import Finding
from deployer.tables.read import parse_table
from deployer.tables.table import Table
from deployer.training.data import prepare
from deployer.training.quality.leaks import MAX_ROWS, sample_rows
from deployer.training.quality.report import MAX_PER_CODE

ROWS = 60
RANDOM = np.random.default_rng(0)
NOISE = [f"{value:.3f}" for value in RANDOM.normal(size=ROWS)]
LABELS = ["a", "b", "c"] * (ROWS // 3)


def table_of(**columns: list[str]) -> Table:
    text = io.StringIO()
    csv.writer(text).writerows([columns, *zip(*columns.values(), strict=True)])
    return parse_table(text.getvalue().encode(), "t.csv")


def findings(**columns: list[str]) -> dict[tuple[str, str | None], Finding]:
    columns = {"noise": NOISE, "y": LABELS} | columns
    found = prepare(table_of(**columns), "y").findings
    return {(each.code, each.column): each for each in found}


def test_a_clean_table_has_its_classes_only() -> None:
    found = findings()
    assert list(found) == [("classes", "y")]
    assert (
        found["classes", "y"].message
        == "3 classes in 60 rows: 'a' 20 (33%), 'b' 20 (33%), 'c' 20 (33%)"
    )
    assert found["classes", "y"].level == "info"


CASES: dict[str, tuple[dict[str, list[str]], str, str | None, str]] = {
    "few missing": ({"x": ["", *NOISE[:-1]]}, "missing", "x", "1 of 60 values are missing (1.7%)"),
    "many missing": ({"x": [""] * 30 + NOISE[30:]}, "missing", "x", "30 of 60 values"),
    "nearly all": ({"x": [""] * 58 + NOISE[58:]}, "almost_all_missing", "x", "58 of 60"),
    "all missing": ({"x": [""] * ROWS}, "left_out", "x", "every cell is empty"),
    "constant number": ({"x": ["7.0", "7"] * 30}, "constant", "x", "same value"),
    "constant text": ({"x": ["red"] * ROWS}, "constant", "x", "same value"),
    "duplicate": ({"x": NOISE}, "duplicate_column", "x", "what column 'noise' holds"),
    "row number": ({"x": [str(i) for i in range(1, 61)]}, "identifier", "x", "from 1 to 60"),
    "name": ({"x": [f"p{i}" for i in range(60)]}, "left_out", "x", "as in an identifier"),
    "mixed": ({"x": ["1", "two"] * 30}, "mixed_types", "x", "30 of 60 values are numbers"),
    "infinite": ({"x": ["1", "2", "inf"] * 20}, "infinite", "x", "20 values are infinite"),
    "rare": (
        {"x": ["odd", "strange", *["red", "green"] * 29]},
        "rare_categories",
        "x",
        "2 of 4 categories have fewer than 5 rows, such as 'odd'",
    ),
    "spelling": (
        {"x": ["Red", "red ", "new  york", "New York", "blue", "x"] * 10},
        "category_spelling",
        "x",
        "'New York' and 'new  york'; 'Red' and 'red'",
    ),
    "leak by text": ({"x": ["u", "v", "w"] * 20}, "leak", "x", "100.0% of the rows by itself"),
    "leak by number": (
        {"x": [str(i % 3 * 10 + i / 100) for i in range(60)]},
        "leak",
        "x",
        "where always guessing the commonest class tells 33.3%",
    ),
    "leak by absence": (
        {"x": [["", "1", "2"][i % 3] for i in range(60)]},
        "leak",
        "x",
        "100.0% of the rows",
    ),
    "label spelling": (
        {"y": ["Yes", "yes", "No"] * 20},
        "label_spelling",
        "y",
        "classes that differ only in case or blanks: 'Yes' and 'yes'",
    ),
    "no target": (
        {"y": ["", "a", "b"] * 20},
        "missing_target",
        "y",
        "20 of 60 rows have no class and are left out: rows 1, 4, 7, 10, 13, …",
    ),
    "few rows": ({"y": ["a"] * 56 + ["b"] * 4}, "few_rows", "y", "class 'b' has 4 rows only"),
    "imbalance": (
        {"y": ["a"] * 56 + ["b"] * 4},
        "imbalance",
        "y",
        "'a' has 14 times the rows of 'b' (56 and 4)",
    ),
    "copies": (
        {"noise": [*NOISE[:30], *NOISE[:30]], "y": LABELS[:30] * 2},
        "duplicate_rows",
        None,
        "30 rows repeat another one in every column used, such as row 31",
    ),
    "contradiction": (
        {"noise": [*NOISE[:-1], NOISE[0]]},
        "contradictions",
        None,
        "1 pairs of rows are alike in every column but have different classes, such as rows 1 and 60",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_each_defect_is_told(case: str) -> None:
    columns, code, column, message = CASES[case]
    found = findings(**columns)
    assert (code, column) in found, list(found)
    assert message in found[code, column].message
    if found[code, column].level == "warning":
        assert found[code, column].advice


@pytest.mark.parametrize("load", [load_iris, load_wine, load_breast_cancer])
def test_good_features_are_no_leaks(load: object) -> None:
    data = load()  # type: ignore[operator]  # one of three functions
    columns = {f"c{i}": [repr(v) for v in column.tolist()] for i, column in enumerate(data.data.T)}
    found = prepare(table_of(**columns, y=[str(v) for v in data.target]), "y").findings
    assert "leak" not in {each.code for each in found}


def test_a_leak_of_a_rare_class_is_seen() -> None:
    rows = 20_000
    rare = RANDOM.random(rows) < 0.02
    score = np.where(rare, 5.0, 0.0) + RANDOM.random(rows)
    table = table_of(
        x=[f"{v:.6f}" for v in score],
        z=[f"{v:.6f}" for v in RANDOM.random(rows)],
        y=["yes" if each else "no" for each in rare],
    )
    leaks = [each.column for each in prepare(table, "y").findings if each.code == "leak"]
    assert leaks == ["x"]


def test_the_sample_keeps_the_shares_of_classes() -> None:
    labels = np.repeat([0, 1, 2], [90_000, 9_000, 1_000])
    chosen = sample_rows(labels)
    assert len(set(chosen.tolist())) == MAX_ROWS
    assert np.bincount(labels[chosen]).tolist() == [4500, 450, 50]


def test_findings_of_one_sort_are_few() -> None:
    columns = {f"c{i}": ["1"] * ROWS for i in range(MAX_PER_CODE + 7)}
    found = prepare(table_of(noise=NOISE, y=LABELS, **columns), "y").findings
    constant = [each for each in found if each.code == "constant"]
    assert len(constant) == MAX_PER_CODE + 1
    assert constant[-1].message == "and 7 more columns like these"


def test_minus_zero_and_markers_are_no_difference_between_rows() -> None:
    table = table_of(
        a=["0", "-0.0", "NA", "", "3", "4"],
        b=["x", "x", "null", "NA", "z", "w"],
        y=["u", "u", "v", "v", "u", "v"],
    )
    messages = [
        each.message for each in prepare(table, "y").findings if each.code == "duplicate_rows"
    ]
    assert len(messages) == 1
    assert messages[0].startswith("2 rows repeat")


def test_contradictions_are_no_copies() -> None:
    columns, *_ = CASES["contradiction"]
    assert ("duplicate_rows", None) not in findings(**columns)
