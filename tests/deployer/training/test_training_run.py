"""Training end to end on real data, checked against scikit-learn and pandas used directly."""

import csv
import io
import json
import os
import subprocess
import sys
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from deployer.errors import UsageError
from deployer.packaging.load import load_package
from deployer.packaging.onnx_export import export_onnx
from deployer.packaging.skops_io import load_skops
from deployer.tables.read import parse_table
from deployer.training.options import Options
from deployer.training.split import stratified_split
from deployer.training.train import train


def plain(**more: Any) -> Options:
    """One candidate as it is: quick, and known by heart."""
    return Options(candidates=("softmax",), strategy="none", jobs=1, **more)


def documents(package: Path) -> dict[str, Any]:
    return {path.stem: json.loads(path.read_bytes()) for path in package.glob("*.json")}


def test_scores_are_those_of_scikit_learn_s_own_pipeline(penguins: Path, tmp_path: Path) -> None:
    result = train(penguins, target="species", out=tmp_path / "model", options=plain(seed=3))
    frame = pd.read_csv(penguins)
    expected = frame.pop("species").astype(object)
    numbers = frame.select_dtypes("number").columns.tolist()
    words = [name for name in frame if name not in numbers]
    pipeline = make_pipeline(
        ColumnTransformer(
            [
                ("n", make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), numbers),
                ("w", OneHotEncoder(handle_unknown="ignore"), words),
            ]
        ),
        LogisticRegression(max_iter=1000),
    )
    frame[words] = frame[words].astype(object).fillna("")
    fit_x, test_x, fit_y, test_y = train_test_split(
        frame.index, expected, test_size=0.25, random_state=3, stratify=expected
    )
    pipeline.fit(frame.loc[sorted(fit_x)], expected[sorted(fit_x)])
    predicted = pipeline.predict(frame.loc[test_x])
    assert result.metrics.rows == len(test_x) == 86
    scores = result.metrics.scores
    assert scores["accuracy"].value == accuracy_score(test_y, predicted)
    assert scores["f1_macro"].value == f1_score(test_y, predicted, average="macro")
    assert result.metrics.baseline is not None
    assert result.metrics.baseline.label == fit_y.value_counts().index[0] == "Adelie"
    assert result.metrics.baseline.accuracy == (test_y == "Adelie").mean()
    parity = result.document.serving.parity
    assert parity is not None
    assert parity.rows == parity.labels_equal == 344
    assert parity.max_probability_difference <= 1e-5


def test_the_model_shipped_was_fitted_on_the_training_rows_only(
    penguins: Path, tmp_path: Path
) -> None:
    train(penguins, target="species", out=tmp_path / "model", options=plain())
    pipeline = load_skops(tmp_path / "model" / "model.skops")
    scaler = pipeline["preprocess"].named_transformers_["numeric"]["scale"]
    assert set(np.atleast_1d(scaler.n_samples_seen_)) == {258}


def test_the_same_input_gives_the_same_bytes_in_another_process(
    penguins: Path, tmp_path: Path
) -> None:
    mixed = {"candidates": ("softmax", "tree"), "strategy": "random", "trials": 3}
    options = Options(**mixed, jobs=1)  # type: ignore[arg-type] # names to values of Options
    train(penguins, target="species", out=tmp_path / "one", options=options)
    subprocess.run(
        [
            *(sys.executable, "-c", "from deployer.cli import main; main()", "train"),
            *(str(penguins), "--target", "species", "--out", str(tmp_path / "two"), "-q"),
            *("--candidates", "tree,softmax", "--trials", "3", "--jobs", "2"),
        ],
        check=True,
        capture_output=True,
        env={**os.environ, "PYTHONHASHSEED": "1", "OMP_NUM_THREADS": "1"},
    )
    one, two = (
        {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()}
        for name in ("one", "two")
    )
    assert one == two
    options = Options(**mixed, seed=1)  # type: ignore[arg-type] # as above
    train(penguins, target="species", out=tmp_path / "three", options=options)
    assert (tmp_path / "three" / "model.onnx").read_bytes() != one["model.onnx"]


def test_documents_say_what_happened(penguins: Path, tmp_path: Path) -> None:
    warned: list[str] = []
    table = penguins.read_bytes().replace(b"Torgersen,39.1", b"Torgersen,NA", 1)
    data = tmp_path / "data.csv"
    data.write_bytes(table.replace(b"Adelie", b"", 1))
    result = train(
        data,
        target="species",
        out=tmp_path / "model",
        options=plain(drop=("year",)),
        warn=warned.append,
    )
    assert warned == result.warnings
    assert warned[0] == "1 row has no 'species' and is left out: row 1"
    written = documents(tmp_path / "model")
    run = written["model"]["training"]
    assert run["rows"] == {
        "table": 344,
        "without_target": 1,
        "train": 257,
        "test": 86,
        "sampled": None,
    }
    assert run["classes"] == {"Adelie": 151, "Chinstrap": 68, "Gentoo": 124}
    assert run["ignored"] == [{"name": "year", "reason": "named by --drop"}]
    assert run["data"]["size"] == data.stat().st_size
    assert written["schema"]["ignored"] == ["year"]
    kinds = {each["name"]: each["kind"] for each in written["schema"]["inputs"]}
    assert kinds["island"] == kinds["sex"] == "categorical"
    sex = next(each for each in written["schema"]["inputs"] if each["name"] == "sex")
    assert sex["categories"] == ["female", "male"]
    assert sex["missing"] > 0
    onnx.checker.check_model(onnx.load(tmp_path / "model" / "model.onnx"), full_check=True)


def test_what_is_odd_about_a_column_is_said_once_with_its_name(tmp_path: Path) -> None:
    rows = [f"{'ab'[i % 2]},{i * i % 17},7,," for i in range(40)]
    data = tmp_path / "data.csv"
    data.write_text("\n".join(["y,x,same,none,z", *rows, ",1,7,,"]))
    warned: list[str] = []
    train(data, target="y", out=tmp_path / "model", options=plain(), warn=warned.append)
    for column, word in (("same", "same value in every row"), ("none", "every cell is empty")):
        (said,) = [each for each in warned if word in each and f"'{column}'" in each]
        assert said.startswith(f"column '{column}' ")
    assert len([each for each in warned if "row" in each and "41" in each]) == 1


NAMES = st.lists(
    st.sampled_from(
        ["a b", "a_b", "label", "probabilities", "é:1", '"q,"', "variable", "x/y", "1"]
    ),
    min_size=1,
    max_size=4,
    unique=True,
)


@st.composite
def tables(draw: st.DrawFn) -> bytes:
    names = draw(NAMES)
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    rows = draw(st.integers(12, 60))
    classes = draw(st.integers(2, 4))
    target = [f"c{i % classes}" for i in range(rows)]
    columns = {}
    for name in names:
        if draw(st.booleans()):
            scale, offset = 10.0 ** random.integers(-6, 6), 10.0 ** random.integers(-3, 9)
            cells = [str(each) for each in offset + scale * random.standard_normal(rows)]
        else:
            cells = [f"w{each}" for each in random.integers(0, draw(st.integers(1, 12)), rows)]
        share = draw(st.sampled_from([0, 0.2, 0.9]))
        columns[name] = ["" if random.random() < share else each for each in cells]
        columns[name][0] = cells[0]
    text = io.StringIO()
    csv.writer(text).writerows([["target", *columns], *zip(target, *columns.values(), strict=True)])
    return text.getvalue().encode()


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=tables())
def test_any_table_gives_a_model_that_loads_and_agrees(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    folder = tmp_path_factory.mktemp("any")
    (folder / "data.csv").write_bytes(data)
    train(folder / "data.csv", target="target", out=folder / "model", options=plain(test_size=0.4))
    table = parse_table(data, "data.csv")
    prediction = load_package(folder / "model").predict_table(table)
    assert prediction.probabilities.shape == (len(table), len(set(table.columns["target"])))
    assert np.isfinite(prediction.probabilities).all()


def test_a_column_with_values_in_held_out_rows_only_keeps_its_place(tmp_path: Path) -> None:
    labels = ["a", "b"] * 20
    array = np.array(labels, dtype=object)
    held_out = set(stratified_split(array, test_size=0.25, seed=0).test.tolist())
    rows = [
        f"{label},{i % 7},{i if i in held_out else ''},{'w' if i in held_out else ''}"
        for i, label in enumerate(labels)
    ]
    data = tmp_path / "data.csv"
    data.write_text("\n".join(["y,x,late,word", *rows]))
    train(data, target="y", out=tmp_path / "model", options=plain())
    late, word = documents(tmp_path / "model")["schema"]["inputs"][1:]
    assert (late["missing"], word["missing"], word["categories"]) == (30, 30, [])
    load_package(tmp_path / "model")


def test_a_disagreement_is_served_by_scikit_learn_and_said(
    penguins: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wrong(pipeline: Any, inputs: Any, **options: Any) -> Any:
        pipeline = deepcopy(pipeline)
        pipeline["classify"].intercept_[0] += 1e-3
        return export_onnx(pipeline, inputs, **options)

    monkeypatch.setattr("deployer.training.serving.export_onnx", wrong)
    warned: list[str] = []
    result = train(
        penguins, target="species", out=tmp_path / "model", options=plain(), warn=warned.append
    )
    serving = result.document.serving
    assert serving.runtime == "skops"
    assert "does not answer as the scikit-learn pipeline" in serving.reason
    assert any("not by ONNX" in each for each in warned)
    assert not (tmp_path / "model" / "model.onnx").exists()
    monkeypatch.undo()
    train(penguins, target="species", out=tmp_path / "other", options=plain())
    table = parse_table(penguins.read_bytes(), "penguins.csv")
    answers = [load_package(tmp_path / name).predict_table(table) for name in ("model", "other")]
    assert (answers[0].labels == answers[1].labels).all()
    assert np.abs(answers[0].probabilities - answers[1].probabilities).max() <= 1e-5


def test_infinite_numbers_are_named(penguins: Path, tmp_path: Path) -> None:
    data = tmp_path / "data.csv"
    data.write_bytes(penguins.read_bytes().replace(b"Torgersen,39.5", b"Torgersen,inf", 1))
    with pytest.raises(UsageError) as caught:
        train(data, target="species", out=tmp_path / "model", options=plain())
    assert caught.value.where == f"{data}: row 2 (line 3), column 'bill_length_mm'"
    assert list(tmp_path.iterdir()) == [data]


def test_more_components_than_there_are_columns(penguins: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        train(penguins, target="species", out=tmp_path / "model", options=plain(pca=500))
    assert "--pca" in caught.value.hint
