"""The rows that decide: which of them have a class, and answers over other classes."""

import numpy as np
import pytest

from deployer.errors import UsageError
from deployer.gate.evidence import _spread, _unseen
from deployer.gate.models import labelled_rows
from deployer.packaging.runtime import Prediction
from deployer.tables.read import parse_table


class TestLabels:
    def test_missing_ones_are_left_out(self) -> None:
        table = parse_table(b"x,y\n1,a\n2,\n3,NA\n4,b\n", "t.csv")
        rows, labels = labelled_rows(table, "y", ["a", "b", "c"])
        assert (labels, rows.rows.tolist()) == (["a", "b"], [1, 4])

    def test_a_number_is_one_class_however_it_is_written(self) -> None:
        table = parse_table(b"x,y\n1,1\n2,1.0\n3,2e0\n4,02\n", "t.csv")
        assert labelled_rows(table, "y", ["1", "2"])[1] == ["1", "1", "2", "2"]
        assert labelled_rows(table, "y", ["1.0", "2.0"])[1] == ["1.0", "1.0", "2.0", "2.0"]

    def test_numbers_of_a_typed_table(self) -> None:
        table = parse_table(b'{"y": 1}\n{"y": 2.0}\n{"y": null}\n', "t.jsonl")
        assert labelled_rows(table, "y", ["1", "2"])[1] == ["1", "2"]

    @pytest.mark.parametrize("cell", ["A", "3", "a b"])
    def test_a_class_that_nobody_knows(self, cell: str) -> None:
        table = parse_table(f"x,y\n1,a\n2,{cell}\n".encode(), "t.csv")
        with pytest.raises(UsageError) as caught:
            labelled_rows(table, "y", ["a", "1"])
        assert str(caught.value).startswith("t.csv: row 2 (line 3), column 'y'")
        assert caught.value.hint


def test_classes_that_a_model_does_not_know_have_no_chance() -> None:
    answers = Prediction(np.array(["c", "a"]), np.array([[0.25, 0.75], [0.5, 0.5]], np.float32))
    wide = _spread(answers, ["a", "c"], ["a", "b", "c"])
    assert wide.probabilities.tolist() == [[0.25, 0.0, 0.75], [0.5, 0.0, 0.5]]
    assert wide.labels is answers.labels


def test_rows_that_either_has_seen_are_left_out() -> None:
    first, second = np.array([True, False, False, False]), np.array([False, False, True, False])
    assert _unseen([first, None, second], 4, "t.csv").tolist() == [1, 3]
    assert _unseen([None, None], 2, "t.csv").tolist() == [0, 1]
    with pytest.raises(UsageError, match="no row is left"):
        _unseen([first, ~first], 4, "t.csv")
