"""One input for all columns, where that changes nothing."""

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
from onnx import TensorProto, helper

from deployer.packaging.onnx_export import TARGET_OPSET
from deployer.packaging.onnx_matrix import as_matrix

NAMES = ("a", "b", "c")


def model(*nodes: Any, outputs: tuple[str, ...] = ("y",)) -> bytes:
    """Return a model of three columns."""
    floats = TensorProto.FLOAT
    made = helper.make_model(
        helper.make_graph(
            list(nodes),
            "test",
            [helper.make_tensor_value_info(name, floats, [None, 1]) for name in NAMES],
            [helper.make_tensor_value_info(name, floats, None) for name in outputs],
        ),
        opset_imports=[helper.make_opsetid("", TARGET_OPSET[""])],
        ir_version=8,
    )
    content: bytes = made.SerializeToString()
    return content


JOIN = helper.make_node("Concat", list(NAMES), ["joined"], axis=1)
EXP = helper.make_node("Exp", ["joined"], ["y"])


def test_the_nodes_that_compute_stay_as_they_are() -> None:
    whole = model(JOIN, EXP)
    found = as_matrix(whole, NAMES)
    assert found is not None
    content, name = found
    assert name == "joined"
    assert EXP.SerializeToString() in content
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    assert [(each.name, each.shape) for each in session.get_inputs()] == [("joined", ["N", 3])]
    before = onnxruntime.InferenceSession(whole, providers=["CPUExecutionProvider"])
    rows = np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32)
    columns = {each: rows[:, i : i + 1] for i, each in enumerate(NAMES)}
    (expected,) = before.run(["y"], columns)
    (answer,) = session.run(["y"], {"joined": rows})
    assert answer.tobytes() == expected.tobytes()


@pytest.mark.parametrize(
    ("names", "nodes", "outputs"),
    [
        pytest.param(("b", "a", "c"), (JOIN, EXP), ("y",), id="another order"),
        pytest.param(("a", "b"), (JOIN, EXP), ("y",), id="an input more"),
        pytest.param(
            NAMES,
            (helper.make_node("Concat", list(NAMES), ["joined"], axis=0), EXP),
            ("y",),
            id="another axis",
        ),
        pytest.param(
            NAMES, (helper.make_node("Sum", list(NAMES), ["joined"]), EXP), ("y",), id="a sum"
        ),
        pytest.param(
            NAMES,
            (JOIN, EXP, helper.make_node("Neg", ["b"], ["z"])),
            ("y", "z"),
            id="read twice",
        ),
        pytest.param(NAMES, (JOIN, EXP), ("y", "b"), id="an output too"),
        pytest.param(
            NAMES,
            (
                JOIN,
                helper.make_node(
                    "If",
                    ["joined"],
                    ["y"],
                    then_branch=helper.make_graph([], "then", [], []),
                    else_branch=helper.make_graph([], "else", [], []),
                ),
            ),
            ("y",),
            id="graphs inside",
        ),
    ],
)
def test_anything_else_is_left_alone(
    names: tuple[str, ...], nodes: tuple[Any, ...], outputs: tuple[str, ...]
) -> None:
    assert as_matrix(model(*nodes, outputs=outputs), names) is None


def test_a_trained_model_of_numbers_has_it(tmp_path: Path) -> None:
    from deployer.packaging.load import load_package
    from deployer.packaging.runtime import BATCH_ROWS, OnnxClassifier
    from deployer.training.options import Options
    from deployer.training.train import train

    random = np.random.default_rng(1)
    rows = random.normal(size=(90, 3))
    lines = ["a,b,c,y", *(f"{a:.4f},{b:.4f},{c:.4f},{a > b}" for a, b, c in rows)]
    (tmp_path / "table.csv").write_text("\n".join(lines))
    options = Options(candidates=("softmax",), strategy="none", jobs=1)
    train(tmp_path / "table.csv", target="y", out=tmp_path / "model", options=options)
    package = load_package(tmp_path / "model")
    classifier = package.classifier
    assert isinstance(classifier, OnnxClassifier)
    assert classifier.takes_matrix
    many = random.normal(size=(BATCH_ROWS + 7, 3)).astype(np.float32)
    many[::5, 1] = np.nan
    session = onnxruntime.InferenceSession(
        package.files["onnx"], providers=["CPUExecutionProvider"]
    )
    columns = {each.name: many[:, i : i + 1] for i, each in enumerate(package.schema.inputs)}
    labels, shares = session.run(["label", "probabilities"], columns)
    for count in (0, 1, BATCH_ROWS, BATCH_ROWS + 7):
        found = classifier.predict_matrix(many[:count])
        again = classifier.predict({name: each[:count] for name, each in columns.items()})
        assert found.labels.tolist() == again.labels.tolist() == labels[:count].tolist()
        np.testing.assert_allclose(found.probabilities, shares[:count], rtol=0, atol=1e-6)
        assert found.probabilities.tobytes() == again.probabilities.tobytes()
