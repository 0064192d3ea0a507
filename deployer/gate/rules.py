"""From settings to rules: every metric is one that exists, on the side where it can be bounded."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from deployer.errors import UsageError
from deployer.evaluation.metrics import METRICS, find_metric
from deployer.settings import ChampionRule, Settings

__all__ = ["Bound", "Rules", "rules_of"]

CALIBRATION = "calibration_error"


@dataclass(frozen=True)
class Bound:
    """A metric must be at least (``min``) or at most (``max``) `limit`."""

    metric: str
    side: Literal["min", "max"]
    limit: float


@dataclass(frozen=True)
class Rules:
    """What a version must show.

    Attributes:
        bounds: of metrics.
        recall: of every class that has none of its own; None if that does not matter.
        class_recall: class → its own.
        champion: how to compare with it; None if that is not asked.
        use: the value itself, or the worse end of its interval (``low``).
        data: the rows that decide; None for the metrics that were recorded.
        keep_seen: whether rows that a model was fitted on decide, too.

    """

    bounds: tuple[Bound, ...] = ()
    recall: float | None = None
    class_recall: Mapping[str, float] | None = None
    champion: ChampionRule | None = None
    use: Literal["value", "low"] = "value"
    data: Path | None = None
    keep_seen: bool = False


def rules_of(settings: Settings, model: str, *, data: Path | None = None) -> Rules | None:
    """Return the rules for a model; None if there are none.

    Args:
        settings: the user's.
        model: its name.
        data: rows that decide instead of those in the settings.

    Raises:
        UsageError: a metric that does not exist, or one bounded on the side that is its better
            one.

    """
    gate = settings.gate_of(model)
    if not gate.rules:
        return None
    most = dict(gate.max)
    if gate.max_calibration_error is not None:
        most[CALIBRATION] = gate.max_calibration_error
    for name in gate.min:
        _check(name, "min")
    for name in most:
        _check(name, "max")
    champion = gate.champion if isinstance(gate.champion, ChampionRule) else None
    if champion is not None:
        _find(champion.metric, "champion.metric")
    configured = Path(gate.data) if gate.data else None
    return Rules(
        bounds=(*_ordered("min", gate.min), *_ordered("max", most)),
        recall=gate.min_recall,
        class_recall=gate.min_class_recall or None,
        champion=champion,
        use=gate.use,
        data=data or configured,
        keep_seen=gate.keep_seen,
    )


def _ordered(side: Literal["min", "max"], limits: Mapping[str, float]) -> list[Bound]:
    """Return bounds in the registry's order: the verdict must not depend on the file's."""
    return [Bound(name, side, limits[name]) for name in METRICS if name in limits]


def _check(name: str, side: Literal["min", "max"]) -> None:
    greater = _find(name, side)
    right = "min" if greater else "max"
    if side != right:
        better = "more" if greater else "less"
        raise UsageError(
            f"of {name}, {better} is better: gate.{side} cannot bound it",
            where=f"gate.{side}.{name}",
            hint=f"write {right} = {{ {name} = … }} below [gate]",
        )


def _find(name: str, at: str) -> bool:
    """Return whether more of a metric is better."""
    try:
        return find_metric(name).greater_is_better
    except UsageError as error:
        raise UsageError(error.message, where=f"gate.{at}", hint=error.hint) from error
