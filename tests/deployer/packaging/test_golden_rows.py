"""Golden rows: real, telling, and checked."""

import json
import math
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.errors import DamagedError
from deployer.packaging.cells import is_missing
from deployer.packaging.documents import Golden, GoldenRow, Schema
from deployer.packaging.golden import MAX_ROWS, choose_rows, shortest, verify_golden
from deployer.packaging.layout import decode
from deployer.packaging.runtime import OnnxClassifier
from deployer.tables.read import parse_table


def golden_of(package: Path) -> Golden:
    return decode((package / "golden.json").read_bytes(), Golden, where="golden.json")


def classifier_of(package: Path) -> OnnxClassifier:
    schema = decode((package / "schema.json").read_bytes(), Schema, where="schema.json")
    return OnnxClassifier((package / "model.onnx").read_bytes(), schema)


def test_rows_are_the_table_s_own(trained: Path, penguins: Path) -> None:
    table = parse_table(penguins.read_bytes(), "penguins.csv")
    rows = golden_of(trained).rows
    for row in rows:
        for name, value in row.inputs.items():
            cell = table.columns[name][row.row - 1]
            if value is None:
                assert is_missing(cell)
            else:
                assert cell == value if isinstance(value, str) else float(cell) == value
    assert {row.label for row in rows} == {"Adelie", "Chinstrap", "Gentoo"}
    assert {row.split for row in rows} == {"test"}
    lacking = [row for row in rows if row.inputs["body_mass_g"] is None]
    assert lacking, "a row without numbers"
    assert lacking[0].inputs["sex"] is None


@given(st.floats(width=32, allow_nan=False, min_value=0, max_value=1))
def test_the_shortest_decimal_reads_back_as_the_same_float32(value: float) -> None:
    (written,) = shortest(np.array([value], dtype=np.float32))
    assert np.float32(json.loads(json.dumps(written))) == np.float32(value)


def test_one_row_per_class_and_one_that_lacks_a_value() -> None:
    shares = np.full((60, 3), 0.1, dtype=np.float32)
    shares[np.arange(60), np.arange(60) // 20] = 0.8
    missing = np.zeros(60, dtype=int)
    missing[[1, 30]] = 1, 2
    test = list(range(0, 60, 2))
    chosen = choose_rows(shares, missing, test)
    assert set(chosen) <= set(test)
    assert {0, 20, 40, 30} <= set(chosen)
    missing[30] = 0
    assert 1 in choose_rows(shares, missing, test), "a fitted row, as no held-out one lacks a value"


@given(st.integers(2, 40), st.integers(0, 2**32 - 1))
def test_few_rows_all_different_and_no_ties(classes: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    shares = random.dirichlet(np.ones(classes), size=80).astype(np.float32)
    shares[7] = 1 / classes
    chosen = choose_rows(shares, random.integers(0, 2, 80), list(range(40)))
    assert 1 <= len(chosen) == len(set(chosen)) <= MAX_ROWS
    assert 7 not in chosen


def test_ties_everywhere_still_give_rows() -> None:
    assert choose_rows(np.full((4, 2), 0.5, dtype=np.float32), np.zeros(4, dtype=int), [1, 2])


def test_the_right_answers_pass(trained: Path) -> None:
    verify_golden(classifier_of(trained), golden_of(trained))


@pytest.mark.parametrize("change", ["label", "probability", "nan", "column", "classes"])
def test_another_answer_is_damage(trained: Path, change: str) -> None:
    golden = golden_of(trained)
    row = golden.rows[-1]
    first, *rest = row.probabilities
    changed: dict[str, GoldenRow] = {
        "label": msgspec.structs.replace(
            row, label="Gentoo" if row.label != "Gentoo" else "Adelie"
        ),
        "probability": msgspec.structs.replace(row, probabilities=(first + 2e-5, *rest)),
        "nan": msgspec.structs.replace(row, probabilities=(math.nan, *rest)),
        "column": msgspec.structs.replace(row, inputs={"year": 2007.0}),
        "classes": msgspec.structs.replace(row, probabilities=tuple(rest)),
    }
    with pytest.raises(DamagedError, match=f"golden row {row.row}"):
        verify_golden(classifier_of(trained), Golden(rows=(*golden.rows[:-1], changed[change])))
