"""What Prometheus would read."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from deployer.serving.telemetry.metrics import exposition

__all__ = ["INFER", "families", "value", "values"]

INFER = "/v2/models/{model}/infer"


def families(folder: Path) -> dict[str, tuple[str, str]]:
    """Return type and help of every metric by name."""
    text = exposition(folder).decode()
    return {each.name: (each.type, each.documentation) for each in _parsed(text)}


def _parsed(text: str) -> Iterator[Any]:
    return iter(text_string_to_metric_families(text))


def values(folder: Path, name: str) -> dict[tuple[tuple[str, str], ...], float]:
    """Return the values of a series by its labels, in order of their names."""
    return {
        tuple(sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(exposition(folder).decode())
        for sample in family.samples
        if sample.name == name
    }


def value(folder: Path, name: str, **labels: str) -> float | None:
    """Return the value of one series, None if there is none."""
    return values(folder, name).get(tuple(sorted(labels.items())))
