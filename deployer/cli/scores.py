"""How recorded metrics are shown: those of a model package as such, any others as they come."""

from typing import TYPE_CHECKING, Any

import msgspec

from deployer.cli.output import Output
from deployer.evaluation.metrics import METRICS
from deployer.packaging.documents import Metrics

if TYPE_CHECKING:
    from rich.text import Text

__all__ = ["print_metrics"]

MAX_CONFUSION = 12  # classes: a wider matrix says nothing in a terminal


def print_metrics(metrics: dict[str, Any], output: Output) -> None:
    """Print what a manifest says that its version scores."""
    try:
        _print_package(msgspec.convert(metrics, Metrics), output)
    except msgspec.ValidationError:
        _print_others(metrics, output)


def _print_package(metrics: Metrics, output: Output) -> None:
    interval = f"{metrics.confidence * 100:g}% interval"
    known = any(score.low is not None for score in metrics.scores.values())
    columns = [f"on {metrics.rows} held-out rows", "value", *([interval] if known else [])]
    # Canonical JSON orders by name.
    names = sorted(
        metrics.scores, key=lambda name: (name not in METRICS, [*METRICS, name].index(name))
    )
    scores = []
    for name in names:
        score = metrics.scores[name]
        interval_of = [_interval(score.low, score.high)] if known else []
        scores.append([name, _value(score.value), *interval_of])
    base = metrics.baseline
    if base is not None:
        constant = (("accuracy", base.accuracy), ("macro F1", base.macro_f1))
        scores += [
            [f"{name} of always '{base.label}'", _value(value), *([""] if known else [])]
            for name, value in constant
        ]
    output.table(columns, scores)
    areas = any(each.roc_auc is not None for each in metrics.classes)
    rows = [
        [
            each.label,
            each.support,
            *(_value(value) for value in (each.precision, each.recall, each.f1)),
            *([_interval(each.recall_low, each.recall_high)] if known else []),
            *([_value(each.roc_auc)] if areas else []),
        ]
        for each in metrics.classes
    ]
    recall = [f"recall, {interval}"] if known else []
    output.table(
        ["class", "rows", "precision", "recall", "f1", *recall, *(["roc auc"] if areas else [])],
        rows,
    )
    _print_confusion(metrics, output)


def _print_confusion(metrics: Metrics, output: Output) -> None:
    labels = [each.label for each in metrics.classes]
    if not 1 < len(labels) <= MAX_CONFUSION or len(metrics.confusion) != len(labels):
        return
    rows = [[label, *counts] for label, counts in zip(labels, metrics.confusion, strict=True)]
    output.table(["true \\ predicted", *labels], rows)


def _value(value: float | None) -> "Text | str":
    return "" if value is None else _number(float(value))


def _interval(low: float | None, high: float | None) -> str:
    if low is None or high is None:
        return ""
    return f"{_number(float(low))} to {_number(float(high))}"


def _print_others(metrics: dict[str, Any], output: Output) -> None:
    """Print the numbers that stand alone, then each list of named entries as a table."""
    flat = [[name, _number(value)] for name, value in _numbers(metrics)]
    if flat:
        output.table(["metric", "value"], flat)
    for name, entries in metrics.items():
        if not isinstance(entries, list) or not all(isinstance(each, dict) for each in entries):
            continue
        named = dict.fromkeys(key for entry in entries for key in entry)
        # Canonical JSON orders by name and writes 1.0 as 1.
        columns = sorted(
            named, key=lambda key: not any(isinstance(e.get(key), str) for e in entries)
        )
        broken = {key for key in columns if any(isinstance(e.get(key), float) for e in entries)}
        if columns:
            rows = [
                [_cell(entry.get(key, ""), key in broken) for key in columns] for entry in entries
            ]
            output.table([f"{name}: {columns[0]}", *columns[1:]], rows)


def _numbers(metrics: dict[str, Any], at: str = "") -> list[tuple[str, float]]:
    found: list[tuple[str, float]] = []
    for name, value in metrics.items():
        if isinstance(value, dict):
            found += _numbers(value, f"{at}{name}.")
        elif isinstance(value, int | float) and not isinstance(value, bool):
            found.append((f"{at}{name}", value))
    return found


def _cell(value: object, broken: bool) -> "Text | str":
    """Return a cell of a column whose numbers are fractions, or are not."""
    whole = isinstance(value, int) and not isinstance(value, bool)
    return _number(float(str(value)) if whole and broken else value)


def _number(value: object) -> "Text | str":
    """Return a cell: numbers to the right, with the digits that tell them apart."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    from rich.text import Text  # noqa: PLC0415 - only to draw

    # What rounds to zero is written with its exponent.
    plain = isinstance(value, int) or value == 0 or f"{abs(value):.4f}" != "0.0000"
    text = f"{value:.4f}" if plain and isinstance(value, float) else f"{value:.4g}"
    return Text(str(value) if isinstance(value, int) else text, justify="right")
