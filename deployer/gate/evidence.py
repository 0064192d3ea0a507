"""What is known of a candidate: its recorded metrics, or what it answers on labelled rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from deployer.errors import DeployerError, UsageError
from deployer.evaluation.metrics import METRICS
from deployer.gate.judge import Comparison, Evidence
from deployer.gate.models import Version, labelled_rows
from deployer.gate.verdict import Compared
from deployer.packaging.documents import Metrics
from deployer.settings import ChampionRule
from providers.errors import StoreError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from deployer.packaging.runtime import Prediction
    from deployer.tables.table import Table

__all__ = ["CONFIDENCE", "RESAMPLES", "SEED", "Champion", "measured", "recorded"]

CONFIDENCE = 0.95
RESAMPLES = 1000
SEED = 0


@dataclass(frozen=True)
class Champion:
    """The version to compare with.

    Attributes:
        number: its number; `digest` of its manifest.
        version: itself; None if it cannot be asked, for `problem`.

    """

    number: int
    digest: str
    version: Version | None = None
    problem: str = ""


def recorded(metrics: Mapping[str, Any] | None, comparison: Comparison = Comparison()) -> Evidence:  # noqa: B008 - frozen
    """Return what a version's manifest says of it."""
    found = None
    if metrics is not None:
        try:
            found = msgspec.convert(metrics, Metrics)
        except msgspec.ValidationError:
            found = None  # of an older format, or not a model package's
    return Evidence(
        metrics=found,
        comparison=comparison,
        rows=found.rows if found else 0,
        resamples=found.resamples if found else 0,
    )


def measured(
    path: Path,
    candidate: Version,
    champion: Champion | None,
    rule: ChampionRule | None,
    *,
    nobody: str = "",
    keep_seen: bool = False,
) -> Evidence:
    """Return what the candidate scores on labelled rows, and how it compares with the champion.

    Rows that either of them was fitted on are left out, unless they are to be kept.

    Args:
        path: of the rows.
        candidate: the version in question.
        champion: the one to compare with; None if there is none.
        rule: how to compare; None compares nothing.
        nobody: why there is no champion.
        keep_seen: whether rows that a model was fitted on stay.

    Raises:
        UsageError: the rows do not fit the candidate, or none is left.

    """
    from deployer.evaluation.measure import measure  # noqa: PLC0415 - slow to import
    from deployer.tables.read import read_table  # noqa: PLC0415 - as above

    whole = read_table(path)
    table, labels = labelled_rows(whole, candidate.model.schema.target, candidate.classes)
    answers = candidate.predict(table)
    seen = [candidate.has_seen(table, labels)]
    theirs: Prediction | None = None
    problem = ""
    if champion is not None:
        theirs, seen_by, problem = _ask_champion(champion, candidate, table, labels)
        if theirs is not None:
            seen.append(seen_by)
    if keep_seen:
        seen = []
    kept = _unseen(seen, len(labels), str(path))
    truth = [labels[i] for i in kept]
    ours = type(answers)(answers.labels[kept], answers.probabilities[kept])
    comparison = Comparison(nobody=nobody, problem=problem)
    if rule is not None and champion is not None and champion.version and theirs is not None:
        theirs = type(answers)(theirs.labels[kept], theirs.probabilities[kept])
        comparison = _compare(rule, truth, candidate, ours, champion, champion.version, theirs)
    return Evidence(
        metrics=measure(
            truth,
            ours.labels,
            ours.probabilities,
            candidate.classes,
            positive=candidate.positive,
            confidence=CONFIDENCE,
            resamples=RESAMPLES,
            seed=SEED,
        ),
        comparison=comparison,
        basis="data",
        rows=len(truth),
        excluded=None
        if keep_seen or any(each is None for each in seen)
        else len(labels) - len(truth),
        data=whole.sha256,
        seed=SEED,
        resamples=RESAMPLES,
    )


def _ask_champion(
    champion: Champion, candidate: Version, table: "Table", labels: Sequence[str]
) -> "tuple[Prediction | None, NDArray[Any] | None, str]":
    """Return the champion's answers, which rows it has seen, and why it could not be asked."""
    version = champion.version
    if version is None:
        return None, None, champion.problem
    if version.model.schema.target != candidate.model.schema.target:
        learnt = version.model.schema.target
        return None, None, f"version {champion.number} predicts another column, '{learnt}'"
    try:
        return version.predict(table), version.has_seen(table, labels), ""
    except (DeployerError, StoreError) as error:
        return None, None, f"version {champion.number} cannot be asked: {error.message}"


def _unseen(seen: "Sequence[NDArray[Any] | None]", rows: int, where: str) -> "NDArray[np.int64]":
    """Return the indices of the rows that no model was fitted on."""
    import numpy as np  # noqa: PLC0415 - kept out of the import of the command line

    fitted = np.zeros(rows, dtype=bool)
    for each in seen:
        if each is not None:
            fitted |= each
    kept = np.flatnonzero(~fitted)
    if not len(kept):
        raise UsageError(
            "no row is left: a model was fitted on every one of them",
            where=where,
            hint="judge on rows that were held out of training, or, if new rows are often equal to "
            "old ones in this table, set keep_seen = true below [gate]",
        )
    return kept


def _compare(
    rule: ChampionRule,
    truth: Sequence[str],
    candidate: Version,
    ours: "Prediction",
    champion: Champion,
    version: Version,
    theirs: "Prediction",
) -> Comparison:
    from deployer.evaluation.paired import paired_difference  # noqa: PLC0415 - slow to import

    classes = tuple(sorted({*candidate.classes, *version.classes}))
    if METRICS[rule.metric].needs_positive and (candidate.positive is None or len(classes) > 2):  # noqa: PLR2004
        return Comparison(problem=f"{rule.metric} needs two classes, one of them the positive one")
    found = paired_difference(
        truth,
        _spread(theirs, version.classes, classes),
        _spread(ours, candidate.classes, classes),
        classes,
        metric=rule.metric,
        positive=candidate.positive,
        confidence=rule.confidence,
        resamples=RESAMPLES,
        seed=SEED,
    )
    if found.value is None or found.low is None or found.high is None:
        return Comparison(problem=f"{rule.metric} is not defined on enough of these rows")
    return Comparison(
        found=Compared(
            version=champion.number,
            manifest=champion.digest,
            metric=rule.metric,
            value=found.value,
            low=found.low,
            high=found.high,
            confidence=rule.confidence,
        )
    )


def _spread(prediction: "Prediction", own: Sequence[str], classes: Sequence[str]) -> "Prediction":
    """Return the answers over all classes; those that a model does not know have no chance."""
    import numpy as np  # noqa: PLC0415 - as above

    wide = np.zeros((len(prediction.labels), len(classes)), dtype=np.float32)
    wide[:, [classes.index(each) for each in own]] = prediction.probabilities
    return type(prediction)(prediction.labels, wide)
