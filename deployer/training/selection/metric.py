"""Which metric decides, and why, in words."""

from collections.abc import Mapping

from deployer.errors import UsageError
from deployer.evaluation.metrics import find_metric
from deployer.packaging.documents import Choice, Costs

__all__ = ["EXPECTED_COST", "IMBALANCED", "choose_metric"]

# What decides if costs are known. It is no metric of an evaluation: it needs the costs.
EXPECTED_COST = "expected_cost"

# Classes are imbalanced if the commonest has more than this many times the rows of the rarest.
# There is no agreed number: G. M. Weiss ("Foundations of imbalanced learning", 2013) calls less
# than 2 marginal and about 10 modest. At 3, one of two classes has three quarters of the rows, so
# that an answer that never changes scores 75%.
IMBALANCED = 3.0

_BINARY = 2
# Shares in percent that three digits would round to all or write with an exponent.
_ALMOST_ALL = 99.9
_HARDLY_ANY = 0.001


def choose_metric(
    asked: str, counts: Mapping[str, int], costs: Costs | None, positive: str | None
) -> Choice:
    """Return the metric that decides between candidates, with the numbers that led to it.

    ``auto`` takes the expected cost if costs are given, else accuracy if the classes are balanced,
    else the average precision of the positive class (two classes) or macro F1 (more).

    Args:
        asked: ``auto``, ``expected_cost``, or a name of METRICS.
        counts: rows per class.
        costs: of errors, if given; two classes only.
        positive: the class that errors are counted against, if given; two classes only. Else it
            is the rarer one, and of equals the last in order.

    Raises:
        UsageError: an unknown metric or class, or one that does not fit the number of classes;
            costs that no threshold can be chosen by.

    """
    classes = sorted(counts)
    _check_positive(positive, classes)
    _check_costs(costs, classes)
    if asked == EXPECTED_COST and costs is None:
        raise UsageError(
            "the metric expected_cost needs to know what errors cost",
            hint="add --cost-fp and --cost-fn, such as --cost-fp 1 --cost-fn 20",
        )
    if asked not in {"auto", EXPECTED_COST}:
        find_metric(asked, classes=len(classes))
    role = ""
    if len(classes) == _BINARY:
        positive, role = _positive(positive, counts)
    metric, why = _decide(asked, counts, costs, positive)
    return Choice(
        asked=asked,
        metric=metric,
        why=" ".join(part for part in (why, role) if part),
        positive=positive,
        costs=costs,
    )


def _decide(
    asked: str, counts: Mapping[str, int], costs: Costs | None, positive: str | None
) -> tuple[str, str]:
    if asked not in {"auto", EXPECTED_COST}:
        metric = find_metric(asked)
        return asked, f"{_sentence(metric.title)} was asked for. {metric.meaning}"
    if costs is not None and positive is not None:
        return EXPECTED_COST, _why_cost(counts, costs, positive)
    common, rare = _ends(counts)
    if counts[common] <= IMBALANCED * counts[rare]:
        return "accuracy", _why_accuracy(counts)
    if positive is not None:
        return "average_precision", _why_average_precision(counts, positive)
    return "f1_macro", _why_macro_f1(counts)


def _why_accuracy(counts: Mapping[str, int]) -> str:
    common, rare = _ends(counts)
    return (
        f"The classes are balanced: the commonest, '{common}', has {_rows(counts, common)}, the "
        f"rarest, '{rare}', {_rows(counts, rare)}; that is {_ratio(counts)} to 1, and up to "
        f"{IMBALANCED:g} to 1 counts as balanced here. So accuracy, the share of right answers, "
        f"says how good a model is: always answering '{common}' would score "
        f"{_share(counts, common)}. Macro F1, in which every class counts alike, is reported "
        "beside it."
    )


def _why_average_precision(counts: Mapping[str, int], positive: str) -> str:
    common, rare = _ends(counts)
    base = counts[positive] / sum(counts.values())
    return (
        f"{_uneven(counts)} Always answering '{common}' would score {_share(counts, common)} "
        f"accuracy and never find a single '{rare}', so accuracy would mislead. Average precision, "
        f"the area under the precision-recall curve, asks instead how well a model puts the rows "
        f"of '{positive}' at the top when all are sorted by its probability: guessing scores "
        f"{_number(base)}, perfect is 1."
    )


def _why_macro_f1(counts: Mapping[str, int]) -> str:
    common, _ = _ends(counts)
    n, k = counts[common], len(counts)
    # F1 of the constant answer: recall 1 and precision n / N for one class, 0 for the others.
    constant = 2 * n / (n + sum(counts.values())) / k
    return (
        f"{_uneven(counts)} Always answering '{common}' would score {_share(counts, common)} "
        f"accuracy and find none of the other {k - 1} classes, so accuracy would mislead. Macro F1 "
        "balances, for each class, how many of its rows are found and how many of the answers with "
        "it are right, and every class counts alike, however rare: the same constant answer scores "
        f"only {_number(constant)}, perfect is 1."
    )


def _why_cost(counts: Mapping[str, int], costs: Costs, positive: str) -> str:
    (other,) = (label for label in counts if label != positive)
    total = sum(counts.values())
    always = counts[other] * costs.false_positive / total
    never = counts[positive] * costs.false_negative / total
    theory = costs.false_positive / (costs.false_positive + costs.false_negative)
    return (
        f"The costs of errors are known: {_number(costs.false_positive)} for answering '{positive}' where "
        f"'{other}' is true (a false positive), {_number(costs.false_negative)} for the opposite (a false "
        "negative). So what decides is the cost of a model's errors per row, with the threshold "
        "that makes it least; the threshold is chosen on rows that the model had not seen. Always "
        f"answering '{positive}' would cost {_number(always)} per row, never doing so {_number(never)}. If "
        f"the model's probabilities are right, '{positive}' is worth answering from {_number(theory)} "
        f"on: {_number(costs.false_positive)} / ({_number(costs.false_positive)} + {_number(costs.false_negative)})."
    )


def _positive(asked: str | None, counts: Mapping[str, int]) -> tuple[str, str]:
    common, rare = _ends(counts)
    if asked is not None:
        return asked, f"The positive class is '{asked}', as asked."
    if counts[common] == counts[rare]:
        last = max(counts)
        return last, f"The positive class is '{last}', the last in order of two equally common."
    return rare, f"The positive class is '{rare}', the rarer one; --positive chooses another."


def _check_positive(positive: str | None, classes: list[str]) -> None:
    if positive is None:
        return
    if len(classes) != _BINARY:
        raise UsageError(
            f"--positive is about one of two classes, and there are {len(classes)}",
            hint="leave --positive out",
        )
    if positive not in classes:
        raise UsageError(
            f"--positive '{positive}' is no class",
            hint=f"the classes are '{classes[0]}' and '{classes[1]}'",
        )


def _check_costs(costs: Costs | None, classes: list[str]) -> None:
    if costs is None:
        return
    if len(classes) != _BINARY:
        raise UsageError(
            "costs of false positives and false negatives are about two classes, and there are "
            f"{len(classes)}",
            hint="leave --cost-fp and --cost-fn out, or use --metric f1_macro",
        )
    for option, cost in (
        ("--cost-fp", costs.false_positive),
        ("--cost-fn", costs.false_negative),
    ):
        if not 0 < cost < float("inf"):
            raise UsageError(
                f"{option} {cost:g} is no cost", hint="use a positive number; only the ratio counts"
            )


def _ends(counts: Mapping[str, int]) -> tuple[str, str]:
    """Return the commonest and the rarest class; of equals, the first and the last in order."""
    ordered = sorted(sorted(counts), key=lambda name: -counts[name])
    return ordered[0], ordered[-1]


def _uneven(counts: Mapping[str, int]) -> str:
    common, rare = _ends(counts)
    return (
        f"The classes are uneven: the commonest, '{common}', has {_rows(counts, common)}, the "
        f"rarest, '{rare}', {_rows(counts, rare)}; that is {_ratio(counts)} to 1, and more than "
        f"{IMBALANCED:g} to 1 counts as uneven here."
    )


def _rows(counts: Mapping[str, int], label: str) -> str:
    return f"{counts[label]:,} of {sum(counts.values()):,} rows ({_share(counts, label)})"


def _share(counts: Mapping[str, int], label: str) -> str:
    percent = 100 * counts[label] / sum(counts.values())
    if _ALMOST_ALL <= percent < 100:  # noqa: PLR2004 - all of them
        return f"over {_ALMOST_ALL:g}%"
    return f"{percent:.3g}%" if percent >= _HARDLY_ANY else f"under {_HARDLY_ANY:g}%"


def _ratio(counts: Mapping[str, int]) -> str:
    common, rare = _ends(counts)
    return _number(counts[common] / counts[rare])


def _number(value: float) -> str:
    """Return the value to three digits, without an exponent."""
    return f"{float(f'{value:.3g}'):,.9f}".rstrip("0").rstrip(".")


def _sentence(title: str) -> str:
    return title[0].upper() + title[1:]
