"""How `deployer show` prints metrics: those of a model package, and any others."""

from typing import Any

import pytest

from deployer.cli.output import Output
from deployer.cli.scores import print_metrics


def shown(metrics: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> list[list[str]]:
    print_metrics(metrics, Output())
    return [line.split() for line in capsys.readouterr().out.splitlines() if line.strip()]


def package(count: int, **more: Any) -> dict[str, Any]:
    """Return metrics as a manifest has them: ordered by name, whole numbers without a point."""
    labels = [f"c{index:02d}" for index in range(count)]
    return {
        "baseline": {"accuracy": 0.25, "label": "c00", "macro_f1": 0.125},
        "classes": [
            {"f1": 1, "label": name, "precision": 1, "recall": 0.5, "support": 7} for name in labels
        ],
        "confidence": 0.95,
        "confusion": [[7 if a == b else 0 for a in labels] for b in labels],
        "resamples": 1000,
        "rows": 14,
        "scores": {
            "accuracy": {"high": 1, "low": 0.75, "value": 0.875},
            "log_loss": {"high": None, "low": None, "value": None},
            "zeal": {"value": 1},
            "f1_macro": {"value": 1e-7},
        },
    } | more


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")


def test_of_a_package(capsys: pytest.CaptureFixture[str]) -> None:
    lines = shown(package(2), capsys)
    assert ["accuracy", "0.8750", "0.7500", "to", "1.0000"] in lines
    assert ["accuracy", "of", "always", "'c00'", "0.2500"] in lines
    assert ["c01", "7", "1.0000", "0.5000", "1.0000"] in lines
    assert ["c01", "0", "7"] in lines
    names = [line[0] for line in lines if line[0] in {"accuracy", "f1_macro", "log_loss", "zeal"}]
    assert names[:4] == ["accuracy", "f1_macro", "log_loss", "zeal"]  # the registry's order


def test_without_intervals(capsys: pytest.CaptureFixture[str]) -> None:
    lines = shown(package(2, scores={"accuracy": {"value": 1}}, baseline=None), capsys)
    assert ["accuracy", "1.0000"] in lines
    assert not any("interval" in line for line in lines)


def test_a_wide_matrix_is_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    assert any("predicted" in line for line in shown(package(12), capsys))
    assert not any("predicted" in line for line in shown(package(13), capsys))


def test_others_as_they_come(capsys: pytest.CaptureFixture[str]) -> None:
    entries = [{"label": "a", "recall": 1}, {"label": "b", "recall": 0.5}]
    lines = shown({"accuracy": 0.5, "by": {"loss": 2}, "classes": entries}, capsys)
    assert ["accuracy", "0.5000"] in lines
    assert ["by.loss", "2"] in lines
    assert ["a", "1.0000"] in lines
    assert shown({}, capsys) == []
