"""Rules and evidence to a verdict. Nothing is read or fetched here."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from deployer.evaluation.metrics import METRICS
from deployer.gate.rules import Bound, Rules
from deployer.gate.verdict import Basis, Compared, RuleOutcome, Verdict
from deployer.packaging.documents import ClassMetrics, Metrics
from deployer.settings import ChampionRule

__all__ = ["Comparison", "Evidence", "judge"]

MAX_NAME = 40
MAX_SEEN = 200
DIGITS = 4
ALL_DIGITS = 17
NO_INTERVAL = "no interval is known"


@dataclass(frozen=True)
class Comparison:
    """How the candidate compares with the champion, or why it was not compared.

    Attributes:
        found: the difference; None if there is none.
        nobody: why there is no champion to compare with, which is no fault; else empty.
        problem: why they could not be compared, which is one; else empty.

    """

    found: Compared | None = None
    nobody: str = ""
    problem: str = ""


@dataclass(frozen=True)
class Evidence:
    """What is known of the candidate.

    Attributes:
        metrics: what it scores; None if nothing is known.
        comparison: with the champion.
        basis: where the metrics come from.
        rows: that decided.
        excluded: rows left out since a model was fitted on them; None if that is not known.
        data: hex SHA-256 of the file with the rows.
        seed: of the bootstrap; likewise `resamples`.

    """

    metrics: Metrics | None
    comparison: Comparison = Comparison()
    basis: Basis = "recorded"
    rows: int = 0
    excluded: int | None = None
    data: str | None = None
    seed: int = 0
    resamples: int = 0


def judge(rules: Rules, evidence: Evidence) -> Verdict:
    """Return what `evidence` means under `rules`."""
    outcomes = tuple(_outcomes(rules, evidence))
    return Verdict(
        passed=all(outcome.passed for outcome in outcomes),
        rules=outcomes,
        basis=evidence.basis,
        rows=evidence.rows,
        excluded=evidence.excluded,
        data=evidence.data,
        champion=evidence.comparison.found,
        seed=evidence.seed,
        resamples=evidence.resamples,
    )


def _outcomes(rules: Rules, evidence: Evidence) -> Iterator[RuleOutcome]:
    for bound in rules.bounds:
        yield _bounded(bound, evidence.metrics, low=rules.use == "low")
    own = rules.class_recall or {}
    classes = evidence.metrics.classes if evidence.metrics else ()
    if rules.recall is not None:
        others = [each for each in classes if each.label not in own]
        if others or not own or evidence.metrics is None:
            name = f"recall of every {'other ' if own else ''}class"
            yield _recall(name, rules, rules.recall, others)
    for label, floor in sorted(own.items()):
        known = [each for each in classes if each.label == label]
        yield _recall(f"recall of {_short(label)}", rules, floor, known)
    if rules.champion is not None:
        yield _against(rules.champion, evidence.comparison)


def _bounded(bound: Bound, metrics: Metrics | None, *, low: bool) -> RuleOutcome:
    least = bound.side == "min"
    score = metrics.scores.get(bound.metric) if metrics else None
    required = f"{'at least' if least else 'at most'} {_plain(bound.limit)}"
    if score is None:
        return _outcome(bound.metric, required, _unknown(bound.metric, metrics), passed=False)
    if score.value is None:
        return _outcome(bound.metric, required, "not defined on these rows", passed=False)
    seen: float | None = score.value
    if low:
        seen = score.low if least else score.high
        required += f", {'lower' if least else 'upper'} end of the interval"
    if seen is None:
        return _outcome(bound.metric, required, NO_INTERVAL, passed=False)
    passed = seen >= bound.limit if least else seen <= bound.limit
    words = _apart(seen, bound.limit)
    if low:
        words += f", the value being {score.value:.{DIGITS}g}"
    return _outcome(bound.metric, required, words, passed=passed)


def _unknown(name: str, metrics: Metrics | None) -> str:
    if metrics is None:
        return "the version records no metrics; judge it on labelled rows (data)"
    if METRICS[name].needs_positive:
        return "not known: it needs two classes, and which of them is the positive one"
    return "not recorded; judge the version on labelled rows (data)"


def _recall(name: str, rules: Rules, floor: float, classes: Sequence[ClassMetrics]) -> RuleOutcome:
    """Return the outcome for the worst of some classes."""
    low = rules.use == "low"
    required = f"at least {_plain(floor)}{', lower end of the interval' if low else ''}"
    found = [(each.recall_low if low else each.recall, each) for each in classes]
    bare = next((each for each in classes if not each.support), None)
    if not found:
        return _outcome(name, required, "the model is not known to have such a class", passed=False)
    if bare is not None and floor > 0:
        return _outcome(name, required, f"no row of {_short(bare.label)}", passed=False)
    if any(value is None for value, _ in found):
        return _outcome(name, required, NO_INTERVAL, passed=floor == 0)
    ranked = sorted((value, each.label) for value, each in found if value is not None)
    below = sum(value < floor for value, _ in ranked)
    worst, label = ranked[0]
    words = _apart(worst, floor)
    if len(ranked) > 1:
        words += f" ({_short(label)}{f', and {below - 1} more below' if below > 1 else ''})"
    return _outcome(name, required, words, passed=not below)


def _against(rule: ChampionRule, comparison: Comparison) -> RuleOutcome:
    name = f"champion by {rule.metric}"
    required = f"at most {_plain(rule.margin)} worse, with confidence {_plain(rule.confidence)}"
    if comparison.nobody:
        return _outcome(name, required, comparison.nobody, passed=True)
    found = comparison.found
    if found is None:
        problem = comparison.problem or "it was not compared"
        return _outcome(name, required, problem, passed=False)
    passed = found.low >= -rule.margin
    words = (
        f"{found.value:+.{DIGITS}g} against version {found.version}, interval "
        f"{_apart(found.low, -rule.margin, sign='+')} to {found.high:+.{DIGITS}g}"
    )
    return _outcome(name, required, words, passed=passed)


def _outcome(name: str, required: str, seen: str, *, passed: bool) -> RuleOutcome:
    return RuleOutcome(name=name, required=required, seen=seen[:MAX_SEEN], passed=passed)


def _short(label: str) -> str:
    return label if len(label) <= MAX_NAME else f"{label[: MAX_NAME - 1]}…"


def _plain(limit: float) -> str:
    return f"{limit:.12g}"


def _apart(value: float, limit: float, sign: str = "") -> str:
    """Return a number with as many digits as it takes to tell it from the limit."""
    for digits in range(DIGITS, ALL_DIGITS + 1):
        text = f"{value:{sign}.{digits}g}"
        if value == limit or float(text) != limit:
            return text
    return repr(value)
