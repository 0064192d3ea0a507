import dataclasses
import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from deployer.evaluation.drift import stability
from deployer.packaging.load import LoadedModel
from deployer.serving.models import Served
from deployer.serving.telemetry import sampler
from deployer.serving.telemetry.bins import FEATURES, chance, psi, reference
from deployer.serving.telemetry.metrics import Telemetry, telemetry
from deployer.settings import ServeSettings
from tests.deployer.serving.telemetry.telemetry_kit import value, values

LABELS = ("Adelie", "Chinstrap", "Gentoo")


def rows_of(counted: Served, rows: int, seed: int) -> tuple[dict[str, Any], Any]:
    """Return columns in and outside of what the model was fitted on, and labels."""
    chance = np.random.default_rng(seed)
    arrays: dict[str, Any] = {}
    for each in counted.package.schema.inputs:
        if each.dtype == "string":
            words = ["Biscoe", "Dream", "Torgersen", "male", "female", "Elsewhere", ""]
            arrays[each.name] = chance.choice(np.array(words, dtype=object), (rows, 1))
            continue
        numbers = chance.normal(45, 30, (rows, 1)).astype(np.float32)
        numbers[chance.random((rows, 1)) < 0.1] = np.nan
        arrays[each.name] = numbers
    return arrays, chance.choice(np.array(LABELS, dtype=object), rows)


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def counted_in(to: Telemetry, counted: Served, requests: int) -> list[Mapping[str, Any]]:
    sent: list[Mapping[str, Any]] = []
    for seed in range(requests):
        arrays, labels = rows_of(counted, 1 + seed % 40, seed)
        to.inputs(counted, arrays, labels)
        sent.append(arrays)
    return sent


def test_every_bin_holds_what_numpy_counts(folder: Path, counted: Served) -> None:
    to = telemetry(ServeSettings(drift_sample=1), folder)
    to.loaded(counted, 0.1)
    sent = counted_in(to, counted, 100)
    to.close()
    profile = json.loads(counted.package.files["profile"])
    found = values(folder, "deployer_feature_rows_total")
    fitted = values(folder, "deployer_feature_reference_rows")
    checked = 0
    for column in profile["columns"]:
        everything = np.concatenate([each[column["name"]] for each in sent]).ravel()
        own = [(dict(key)["bin"], rows) for key, rows in found.items() if dict(key)["feature"] == column["name"]]  # fmt: skip
        told = dict(own)
        if column["kind"] == "numeric":
            there = everything[~np.isnan(everything)].astype(np.float64)
            edges = [-np.inf, *column["edges"], np.inf]
            # The last bin of NumPy's is closed, but nothing equals infinity.
            expected = np.histogram(there, edges)[0].tolist()
            assert told.pop("missing", 0) == len(everything) - len(there)
            # Bins come in their order, as they were made in it.
            assert [rows for _, rows in own if _ != "missing"] == expected
        else:
            for name in column["shares"]:
                assert told.pop(name) == np.count_nonzero(everything == name)
            assert told.pop("missing") == np.count_nonzero(everything == "")
            known = [*column["shares"], ""]
            assert told.pop("(other)") == np.count_nonzero(~np.isin(everything, known))
            assert not told
        checked += 1
        before = [rows for key, rows in fitted.items() if dict(key)["feature"] == column["name"]]
        assert sum(before) == profile["rows"]
    assert checked == len(counted.package.schema.inputs)
    rows = sum(1 + seed % 40 for seed in range(100))
    assert value(folder, "deployer_drift_sampled_rows_total", model="penguins") == rows


def test_the_index_is_that_of_the_evaluation(folder: Path, counted: Served) -> None:
    to = telemetry(ServeSettings(drift_sample=1), folder)
    to.loaded(counted, 0.1)
    counted_in(to, counted, 60)
    to.close()
    found = values(folder, "deployer_feature_rows_total")
    fitted = values(folder, "deployer_feature_reference_rows")
    for each in counted.package.schema.inputs:
        keys = [key for key in fitted if dict(key)["feature"] == each.name]
        now = [int(found.get(key, 0)) for key in keys]
        expected, explained = stability([int(fitted[key]) for key in keys], now)
        told = {"model": "penguins", "digest": f"sha256:{counted.digest}", "feature": each.name}
        assert value(folder, "deployer_feature_drift_psi", **told) == pytest.approx(expected)
        bound = value(folder, "deployer_feature_drift_psi_chance", **told)
        assert bound == pytest.approx(explained, rel=0.03)


@pytest.mark.parametrize("bins", [2, 3, 5, 11, 22])
def test_index_and_chance_agree_with_the_evaluations_own(bins: int) -> None:
    numbers = np.random.default_rng(bins)
    then, now = numbers.integers(1, 50, (2, bins)).tolist()
    expected, explained = stability(then, now)
    assert psi(then, now) == pytest.approx(expected)
    assert chance(then, now) == pytest.approx(explained, rel={2: 0.03, 3: 0.01}.get(bins, 0.005))
    assert psi([0] * bins, now) is None


def test_the_thread_counts_by_itself_and_every_answer(folder: Path, counted: Served) -> None:
    to = telemetry(ServeSettings(drift_sample=0), folder)
    to.loaded(counted, 0.1)
    labels = np.array(["Adelie", "Adelie", "Gentoo"], dtype=object)
    for _ in range(10):
        to.inputs(counted, {}, labels)
    name = "deployer_predictions_total"
    until(lambda: value(folder, name, model="penguins", label="Adelie") == 20)
    assert value(folder, name, model="penguins", label="Gentoo") == 10
    # None was sampled.
    assert values(folder, "deployer_feature_rows_total") == {}
    to.close()


def test_the_share_is_that_of_the_settings(folder: Path, counted: Served) -> None:
    to = telemetry(ServeSettings(drift_sample=0.2), folder)
    to.loaded(counted, 0.1)
    arrays, labels = rows_of(counted, 1, 1)
    for _ in range(4000):
        to.inputs(counted, arrays, labels)
    to.close()
    sampled = value(folder, "deployer_drift_sampled_rows_total", model="penguins")
    assert sampled is not None
    # Five standard deviations of the binomial.
    assert abs(sampled - 800) < 5 * (4000 * 0.2 * 0.8) ** 0.5
    assert sum(values(folder, "deployer_predictions_total").values()) == 4000


def test_what_comes_too_fast_is_dropped_and_counted(
    folder: Path, counted: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sampler, "_MAX_CELLS", 100)
    monkeypatch.setattr(sampler, "_PERIOD", 3600)
    to = telemetry(ServeSettings(drift_sample=1), folder)
    to.loaded(counted, 0.1)
    arrays, labels = rows_of(counted, 2, 1)
    for _ in range(50):
        to.inputs(counted, arrays, labels)
    to.close()
    taken = value(folder, "deployer_drift_sampled_rows_total", model="penguins")
    dropped = value(folder, "deployer_drift_dropped_total")
    assert taken is not None
    assert dropped is not None
    assert 0 < taken * 8 <= 100
    assert taken / 2 + dropped == 50


def version(counted: Served, number: int) -> Served:
    return dataclasses.replace(counted, version=str(number), digest=f"{number:064x}")


def test_counts_of_versions_that_were_replaced_go(folder: Path, counted: Served) -> None:
    to = telemetry(ServeSettings(drift_sample=1), folder)
    for number in range(6):
        served = version(counted, number)
        to.loaded(served, 0.1)
        to.inputs(served, *rows_of(counted, 3, number))
        to._sampler.flush()
        told = {dict(key)["digest"] for key in values(folder, "deployer_feature_rows_total")}
        assert told == {f"sha256:{served.digest}"}
    # Two versions' files, of counts and of the reference, and the process's own.
    assert len(list(folder.glob("counter_*.db"))) == 2 + 2
    assert value(folder, "deployer_drift_sampled_rows_total", model="penguins") == 18
    to.close()


def test_two_models_of_one_package_are_counted_apart(folder: Path, counted: Served) -> None:
    to = telemetry(ServeSettings(drift_sample=1), folder)
    other = dataclasses.replace(counted, name="other")
    for served, rows in ((counted, 3), (other, 5), (counted, 7)):
        to.loaded(served, 0.1)
        to.inputs(served, *rows_of(counted, rows, 1))
        to._sampler.flush()
    found = values(folder, "deployer_feature_rows_total")
    for name, rows in (("penguins", 10), ("other", 5)):
        assert (
            sum(n for key, n in found.items() if {("model", name), ("feature", "sex")} <= set(key))
            == rows
        )
    to.close()


def test_a_sample_that_cannot_be_counted_ends_nothing(
    folder: Path, counted: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sampler, "_PERIOD", 0.01)
    to = telemetry(ServeSettings(drift_sample=1), folder)
    to.loaded(counted, 0.1)
    to.inputs(counted, {"other": np.zeros((1, 1))}, np.array(["Adelie"], dtype=object))
    until(lambda: not to._sampler._queue)
    to.inputs(counted, *rows_of(counted, 3, 1))
    until(lambda: value(folder, "deployer_drift_sampled_rows_total", model="penguins") == 3)
    to.close()


def wide(package: LoadedModel, columns: int) -> dict[str, bytes]:
    profile = json.loads(package.files["profile"])
    numeric = next(each for each in profile["columns"] if each["kind"] == "numeric")
    profile["columns"] = [{**numeric, "name": f"c{index}"} for index in range(columns)]
    ranked = [{"column": f"c{index}", "mean": 1.0} for index in reversed(range(columns))]
    return {
        "profile": json.dumps(profile).encode(),
        "evaluation": json.dumps({"importances": ranked, "more": 1}).encode(),
    }


def test_of_many_columns_the_most_important_are_counted(counted: Served) -> None:
    found = reference(wide(counted.package, FEATURES + 20), counted.package.schema.inputs)
    assert [each.name for each in found] == [f"c{index}" for index in range(119, 19, -1)]
    few = reference(wide(counted.package, FEATURES), counted.package.schema.inputs)
    assert [each.name for each in few] == [f"c{index}" for index in range(FEATURES)]


def test_a_package_without_a_profile_has_no_bins(counted: Served) -> None:
    assert reference({}, counted.package.schema.inputs) == ()
    assert reference({"profile": b"{}"}, counted.package.schema.inputs) == ()


def test_edges_that_look_alike_have_labels_of_their_own(counted: Served) -> None:
    files = wide(counted.package, 1)
    profile = json.loads(files["profile"])
    profile["columns"][0] |= {"edges": [1.0, 1.0000001, 1.0000002], "shares": [0.25] * 4}
    (bins,) = reference({"profile": json.dumps(profile).encode()}, ())
    assert len(set(bins.labels)) == len(bins.labels) == 5
