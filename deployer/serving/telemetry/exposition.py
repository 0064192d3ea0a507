"""The text that Prometheus reads: the numbers of all processes, and what follows from them."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

__all__ = ["exposition", "forget_process", "prepare"]

_INFO = "deployer_model_info"
_SEEN = "deployer_feature_rows"
_FITTED = "deployer_feature_reference_rows"


def prepare(folder: Path) -> None:
    """Make `folder` ready for the numbers of new processes: it is there, and holds no old ones."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.db"):
        old.unlink(missing_ok=True)


def forget_process(folder: Path, pid: int) -> None:
    """Take a process that ended out of what is true now; what it counted stays counted."""
    from prometheus_client.multiprocess import (  # noqa: PLC0415 - slow to import
        mark_process_dead,
    )

    mark_process_dead(pid, str(folder))


def exposition(folder: Path) -> bytes:
    """Return the numbers of all processes that write to `folder`, in Prometheus' text format.

    Counts of columns are told of the versions that answer now, with the population stability
    index of each column since the version answers.
    """
    from prometheus_client import generate_latest  # noqa: PLC0415 - slow to import
    from prometheus_client.multiprocess import MultiProcessCollector  # noqa: PLC0415 - as above

    found = {each.name: each for each in MultiProcessCollector(None, str(folder)).collect()}
    text: bytes = generate_latest(_Collected(_present(found)))
    return text


class _Collected:
    """What generate_latest needs of a registry."""

    def __init__(self, metrics: Iterable[Any]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterable[Any]:
        return self._metrics


def _present(found: dict[str, Any]) -> list[Any]:
    digests = set()
    if _INFO in found:
        found[_INFO].samples = [each for each in found[_INFO].samples if each.value]
        digests = {each.labels["digest"] for each in found[_INFO].samples}
    for name in (_SEEN, _FITTED):
        if name in found:
            found[name].samples = [
                each for each in found[name].samples if each.labels["digest"] in digests
            ]
    if _SEEN in found and _FITTED in found:
        found |= {each.name: each for each in _drift(found[_FITTED].samples, found[_SEEN].samples)}
    return [found[name] for name in sorted(found)]


def _drift(then: Sequence[Any], now: Sequence[Any]) -> list[Any]:
    from prometheus_client.core import GaugeMetricFamily  # noqa: PLC0415 - slow to import

    from deployer.serving.telemetry.bins import chance, psi  # noqa: PLC0415 - loads NumPy

    names = ("model", "digest", "feature")
    index = GaugeMetricFamily(
        "deployer_feature_drift_psi",
        "Population stability index of a column since the version answers, against the rows that "
        "it was fitted on.",
        labels=names,
    )
    bound = GaugeMetricFamily(
        "deployer_feature_drift_psi_chance",
        "What the index stays below 19 times of 20 if nothing drifted.",
        labels=names,
    )
    counts: dict[tuple[str, ...], dict[str, list[float]]] = defaultdict(
        lambda: defaultdict(lambda: [0.0, 0.0])
    )
    for side, samples in enumerate((then, now)):
        for each in samples:
            key = tuple(each.labels[name] for name in names)
            counts[key][each.labels["bin"]][side] = each.value
    for key, bins in sorted(counts.items()):
        before, after = zip(*bins.values(), strict=True)
        value, explained = psi(before, after), chance(before, after)
        if value is not None and explained is not None:
            index.add_metric(key, value)
            bound.add_metric(key, explained)
    return [index, bound]
