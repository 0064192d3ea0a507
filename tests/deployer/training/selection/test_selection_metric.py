"""The choice of the metric, with its reasons."""

import re

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from deployer.errors import UsageError
from deployer.evaluation.metrics import METRICS
from deployer.packaging.documents import Costs
from deployer.training.selection.metric import choose_metric

COSTS = Costs(false_positive=1, false_negative=20)


@given(
    counts=st.dictionaries(
        st.sampled_from(["a", "b", "c", "d"]), st.integers(1, 10**6), min_size=2
    ),
    costs=st.sampled_from([None, COSTS]),
)
def test_the_rule(counts: dict[str, int], costs: Costs | None) -> None:
    if costs is not None and len(counts) > 2:
        with pytest.raises(UsageError, match="costs of false positives"):
            choose_metric("auto", counts, costs, None)
        return
    choice = choose_metric("auto", counts, costs, None)
    uneven = max(counts.values()) > 3 * min(counts.values())
    if costs is not None:
        expected = "expected_cost"
    elif not uneven:
        expected = "accuracy"
    else:
        expected = "average_precision" if len(counts) == 2 else "f1_macro"
    assert choice.metric == expected
    assert choice.asked == "auto"
    if len(counts) == 2:
        assert choice.positive is not None
        assert counts[choice.positive] == min(counts.values())
    else:
        assert choice.positive is None
    assert not re.search(r"\de[+-]\d", choice.why)


def test_three_to_one_is_still_balanced() -> None:
    assert choose_metric("auto", {"a": 300, "b": 100}, None, None).metric == "accuracy"
    assert choose_metric("auto", {"a": 301, "b": 100}, None, None).metric == "average_precision"


def test_balanced_classes_explained() -> None:
    choice = choose_metric("auto", {"Adelie": 152, "Chinstrap": 68, "Gentoo": 124}, None, None)
    assert choice.why == (
        "The classes are balanced: the commonest, 'Adelie', has 152 of 344 rows (44.2%), the "
        "rarest, 'Chinstrap', 68 of 344 rows (19.8%); that is 2.24 to 1, and up to 3 to 1 counts "
        "as balanced here. So accuracy, the share of right answers, says how good a model is: "
        "always answering 'Adelie' would score 44.2%. Macro F1, in which every class counts "
        "alike, is reported beside it."
    )


def test_rare_positives_explained() -> None:
    choice = choose_metric("auto", {"no": 950, "yes": 50}, None, None)
    assert choice.why == (
        "The classes are uneven: the commonest, 'no', has 950 of 1,000 rows (95%), the rarest, "
        "'yes', 50 of 1,000 rows (5%); that is 19 to 1, and more than 3 to 1 counts as uneven "
        "here. Always answering 'no' would score 95% accuracy and never find a single 'yes', so "
        "accuracy would mislead. Average precision, the area under the precision-recall curve, "
        "asks instead how well a model puts the rows of 'yes' at the top when all are sorted by "
        "its probability: guessing scores 0.05, perfect is 1. The positive class is 'yes', the "
        "rarer one; --positive chooses another."
    )


@given(counts=st.lists(st.integers(2, 200), min_size=3, max_size=5))
def test_the_constant_answer_s_macro_f1_is_scikit_learn_s(counts: list[int]) -> None:
    assume(max(counts) > 3 * min(counts))
    labels = np.repeat(np.arange(len(counts)), counts)
    constant = np.full(len(labels), np.argmax(counts))
    score = f1_score(labels, constant, average="macro", zero_division=0)
    why = choose_metric("auto", {f"c{i}": n for i, n in enumerate(counts)}, None, None).why
    assert f"the same constant answer scores only {score:.3g}, perfect" in why


def test_costs_explained() -> None:
    choice = choose_metric("auto", {"no": 900, "yes": 100}, COSTS, None)
    assert choice.costs == COSTS
    assert "Always answering 'yes' would cost 0.9 per row, never doing so 2." in choice.why
    assert "worth answering from 0.0476 on: 1 / (1 + 20)" in choice.why


def test_the_positive_class() -> None:
    counts = {"benign": 357, "malignant": 212}
    assert choose_metric("auto", counts, None, None).positive == "malignant"
    asked = choose_metric("auto", counts, None, "benign")
    assert asked.positive == "benign"
    assert asked.why.endswith("The positive class is 'benign', as asked.")
    even = choose_metric("auto", {"x": 5, "a": 5}, None, None)
    assert even.positive == "x"
    assert even.why.endswith("The positive class is 'x', the last in order of two equally common.")


def test_extreme_shares_are_not_rounded_to_all_or_none() -> None:
    why = choose_metric("auto", {"no": 10**6, "yes": 1}, None, None).why
    assert "(over 99.9%)" in why
    assert "(under 0.001%)" in why
    assert "1,000,000 to 1" in why


@pytest.mark.parametrize("name", list(METRICS))
def test_every_metric_can_be_asked_for(name: str) -> None:
    choice = choose_metric(name, {"a": 5, "b": 5}, None, None)
    assert (choice.metric, choice.asked) == (name, name)
    assert METRICS[name].meaning in choice.why
    if METRICS[name].needs_positive:
        with pytest.raises(UsageError) as caught:
            choose_metric(name, {"a": 5, "b": 5, "c": 5}, None, None)
        assert "use " in caught.value.hint


@pytest.mark.parametrize(
    ("asked", "classes", "costs", "positive", "message", "hint"),
    [
        ("acuracy", "ab", None, None, "no metric 'acuracy'", "did you mean accuracy?"),
        ("expected_cost", "ab", None, None, "what errors cost", "--cost-fp 1"),
        ("auto", "abc", None, "a", "there are 3", "leave --positive out"),
        ("auto", "ab", None, "c", "'c' is no class", "'a' and 'b'"),
        ("auto", "abc", COSTS, None, "there are 3", "f1_macro"),
        ("auto", "ab", Costs(false_positive=0, false_negative=1), None, "--cost-fp 0", "positive"),
        (
            "auto",
            "ab",
            Costs(false_positive=1, false_negative=-2),
            None,
            "--cost-fn -2",
            "positive",
        ),
        (
            *("auto", "ab", Costs(false_positive=1, false_negative=float("nan")), None),
            *("--cost-fn nan", "positive"),
        ),
    ],
)
def test_refusals(
    asked: str,
    classes: str,
    costs: Costs | None,
    positive: str | None,
    message: str,
    hint: str,
) -> None:
    with pytest.raises(UsageError) as caught:
        choose_metric(asked, dict.fromkeys(classes, 5), costs, positive)
    assert message in caught.value.message
    assert hint in caught.value.hint
