"""Scores are scikit-learn's, to the last bit."""

from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from deployer.packaging.documents import Parity
from deployer.training.evaluate import evaluate

PARITY = Parity(rows=1, labels_equal=1, max_probability_difference=0.0, tolerance=1e-5)
CLASSES = ["a", "b", "c", "d"]
LABELS = st.lists(
    st.tuples(st.sampled_from(CLASSES), st.sampled_from(CLASSES)), min_size=1, max_size=30
)


@settings(max_examples=40, deadline=None)
@given(LABELS, st.lists(st.sampled_from(CLASSES), min_size=1, max_size=20))
def test_scores_equal_scikit_learn_s(pairs: list[tuple[str, str]], fitted: list[str]) -> None:
    expected, predicted = ([pair[i] for pair in pairs] for i in (0, 1))
    scores = evaluate(expected, predicted, classes=CLASSES, fitted=fitted, parity=PARITY)
    assert scores.rows == len(pairs)
    assert scores.accuracy == sk.accuracy_score(expected, predicted)
    assert scores.macro_f1 == sk.f1_score(expected, predicted, average="macro", zero_division=0)
    per_class = sk.classification_report(
        expected, predicted, labels=CLASSES, output_dict=True, zero_division=0
    )
    for each in scores.classes:
        assert each.precision == per_class[each.label]["precision"]
        assert each.recall == per_class[each.label]["recall"]
        assert each.f1 == per_class[each.label]["f1-score"]
        assert each.support == per_class[each.label]["support"]
    assert fitted.count(scores.baseline.label) == max(fitted.count(label) for label in CLASSES)
    constant = [scores.baseline.label] * len(expected)
    assert scores.baseline.accuracy == sk.accuracy_score(expected, constant)
