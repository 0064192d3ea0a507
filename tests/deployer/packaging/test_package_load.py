"""Loading a package: any changed byte is found, and the answers need no deployer to repeat."""

import json
from pathlib import Path

import numpy as np
import onnxruntime
import pandas as pd
import pytest

from deployer.errors import DamagedError, DeployerError, MissingError, UsageError
from deployer.packaging.layout import PACKAGE_FILES
from deployer.packaging.load import load_package
from deployer.packaging.runtime import BATCH_ROWS
from deployer.tables.read import parse_table
from tests.deployer.packaging.package_kit import seal


@pytest.mark.parametrize("name", PACKAGE_FILES)
@pytest.mark.parametrize("damage", ["flip", "cut", "grow", "gone"])
def test_damage_to_any_file_is_found(package: Path, name: str, damage: str) -> None:
    path = package / name
    content = path.read_bytes()
    middle = len(content) // 2
    match damage:
        case "flip":
            path.write_bytes(
                content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]
            )
        case "cut":
            path.write_bytes(content[:-3])
        case "grow":
            path.write_bytes(content + b"}")
        case "gone":
            path.unlink()
    with pytest.raises(DeployerError) as caught:
        load_package(package)
    gone = name == "model.json" and damage == "gone"
    assert type(caught.value) is (MissingError if gone else DamagedError)
    assert "\n" not in str(caught.value)


def test_a_model_that_breaks_its_golden_promise_is_damaged(package: Path) -> None:
    golden = json.loads((package / "golden.json").read_bytes())
    golden["rows"][0]["probabilities"][0] -= 1e-3
    (package / "golden.json").write_text(json.dumps(golden))
    seal(package)
    with pytest.raises(DamagedError, match="does not repeat golden row"):
        load_package(package)


@pytest.mark.parametrize("change", ["tensor", "classes", "onnx", "kind"])
def test_files_that_do_not_fit_each_other_are_damage(package: Path, change: str) -> None:
    schema = json.loads((package / "schema.json").read_bytes())
    if change == "tensor":
        schema["inputs"][0]["tensor"] = "elsewhere"
    elif change == "classes":
        schema["outputs"]["label"]["classes"].reverse()
    elif change == "kind":
        schema["inputs"][0]["kind"] = "picture"
    else:
        (package / "model.onnx").write_bytes(b"\x08\x08garbage")
    (package / "schema.json").write_text(json.dumps(schema))
    seal(package)
    with pytest.raises(DamagedError) as caught:
        load_package(package)
    assert ("model.onnx" if change in ("tensor", "onnx") else "schema.json") in caught.value.where


def test_what_is_no_package(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(MissingError, match="no such directory"):
        load_package(tmp_path / "absent")
    with pytest.raises(MissingError, match=r"it has no model\.json"):
        load_package(tmp_path)
    with pytest.raises(UsageError, match="a file"):
        load_package(tmp_path / "file")


def test_the_schema_suffices_to_call_the_model_without_deployer(
    trained: Path, penguins: Path
) -> None:
    schema = json.loads((trained / "schema.json").read_bytes())
    frame = pd.read_csv(penguins)
    feed = {
        each["tensor"]: frame[[each["name"]]].astype("float32").to_numpy()
        if each["kind"] == "numeric"
        else frame[[each["name"]]].astype(object).fillna("").to_numpy(dtype=object)
        for each in schema["inputs"]
    }
    labels, shares = onnxruntime.InferenceSession(trained / "model.onnx").run(None, feed)
    table = parse_table(penguins.read_bytes(), "penguins.csv")
    prediction = load_package(trained).predict_table(table)
    assert prediction.labels.tolist() == labels.tolist()
    assert np.allclose(prediction.probabilities, shares, rtol=0, atol=1e-6)
    assert prediction.probabilities.sum(axis=1) == pytest.approx(1, abs=1e-5)


def test_rows_do_not_depend_on_their_batch(trained: Path, penguins: Path) -> None:
    header, *lines = penguins.read_text().splitlines()
    many = "\n".join([header, *(lines * (BATCH_ROWS // len(lines) + 1))])
    model = load_package(trained)
    few = model.predict_table(parse_table(penguins.read_bytes(), "few"))
    prediction = model.predict_table(parse_table(many.encode(), "many"))
    assert len(prediction.labels) > BATCH_ROWS
    # Not equal to the last bit: onnxruntime's vector instructions depend on a row's position.
    last = prediction.probabilities[-len(lines) :]
    assert np.allclose(last, few.probabilities, rtol=0, atol=1e-6)
    assert prediction.labels[-len(lines) :].tolist() == few.labels.tolist()


def test_rows_as_values(trained: Path) -> None:
    row = json.loads((trained / "golden.json").read_bytes())["rows"][0]
    model = load_package(trained)
    prediction = model.predict({name: [value] for name, value in row["inputs"].items()})
    assert prediction.labels.tolist() == [row["label"]]
    assert prediction.probabilities[0] == pytest.approx(row["probabilities"], abs=1e-6)
    assert len(model.predict({name: [] for name in row["inputs"]}).labels) == 0
    with pytest.raises(UsageError, match="different lengths"):
        model.predict({name: [value] * (name == "sex") for name, value in row["inputs"].items()})
