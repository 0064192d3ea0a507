"""What a model scores on rows that it has not seen. Every number is scikit-learn's own."""

from collections import Counter
from collections.abc import Sequence

from deployer.packaging.documents import Baseline, ClassMetrics, Metrics, Score

__all__ = ["evaluate"]


def evaluate(
    expected: Sequence[str],
    predicted: Sequence[str],
    *,
    classes: Sequence[str],
    fitted: Sequence[str],
) -> Metrics:
    """Return the scores of `predicted` against `expected`, both of the N held-out rows.

    Args:
        expected: the true classes.
        predicted: the model's.
        classes: all classes, in the model's order.
        fitted: the classes of the rows fitted on; the commonest (of equals, the first in order)
            is the baseline's constant answer.

    A class without rows or predictions scores 0, as with ``zero_division=0``.

    """
    from sklearn.metrics import (  # noqa: PLC0415 - slow to import
        accuracy_score,
        confusion_matrix,
        f1_score,
        precision_recall_fscore_support,
    )

    counts = Counter(fitted)
    commonest = max(classes, key=lambda label: counts[label])
    constant = [commonest] * len(expected)

    def macro_f1(answers: Sequence[str]) -> float:
        return float(f1_score(expected, answers, average="macro", zero_division=0))

    per_class = precision_recall_fscore_support(
        expected, predicted, labels=list(classes), zero_division=0
    )
    return Metrics(
        rows=len(expected),
        confidence=0.95,
        resamples=0,
        scores={
            "accuracy": Score(value=float(accuracy_score(expected, predicted))),
            "f1_macro": Score(value=macro_f1(predicted)),
        },
        baseline=Baseline(
            label=commonest,
            accuracy=float(accuracy_score(expected, constant)),
            macro_f1=macro_f1(constant),
        ),
        classes=tuple(
            ClassMetrics(
                label=label,
                precision=float(precision),
                recall=float(recall),
                f1=float(f1),
                support=int(support),
            )
            for label, precision, recall, f1, support in zip(classes, *per_class, strict=True)
        ),
        confusion=tuple(
            tuple(map(int, row))
            for row in confusion_matrix(expected, predicted, labels=list(classes))
        ),
    )
