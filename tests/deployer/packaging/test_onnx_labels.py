"""Places of labels instead of labels, where that changes nothing."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnxruntime
import pytest
from onnx import TensorProto, helper

from deployer.packaging.onnx_export import TARGET_OPSET
from deployer.packaging.onnx_labels import with_places

CLASSES = ("ant", "bee", "çedilla")
CHOOSE = helper.make_node("ArgMax", ["scores"], ["place"], axis=1, keepdims=0)
LOOK_UP = helper.make_node("Gather", ["list", "place"], ["label"])
EXP = helper.make_node("Exp", ["scores"], ["y"])


def texts(values: Sequence[str], name: str = "list") -> Any:
    return helper.make_tensor(name, TensorProto.STRING, [len(values)], [v.encode() for v in values])


def model(*nodes: Any, constants: Sequence[Any] = (), outputs: Sequence[Any] = ()) -> bytes:
    made = helper.make_model(
        helper.make_graph(
            list(nodes),
            "test",
            [helper.make_tensor_value_info("scores", TensorProto.FLOAT, [None, 3])],
            [
                helper.make_tensor_value_info("label", TensorProto.STRING, [None]),
                helper.make_tensor_value_info("y", TensorProto.FLOAT, None),
                *outputs,
            ],
            initializer=list(constants or [texts(CLASSES)]),
        ),
        opset_imports=[helper.make_opsetid("", TARGET_OPSET[""])],
        ir_version=8,
    )
    content: bytes = made.SerializeToString()
    return content


def run(content: bytes, names: list[str], rows: Any) -> list[Any]:
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    return list(session.run(names, {"scores": rows}))


def test_the_place_of_each_label_is_the_answer() -> None:
    whole = model(CHOOSE, LOOK_UP, EXP)
    found = with_places(whole, "label", CLASSES)
    assert found is not None
    content, name = found
    assert name == "place"
    for kept in (CHOOSE, EXP):
        assert kept.SerializeToString() in content
    rows = np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32)
    labels, shares = run(whole, ["label", "y"], rows)
    places, same = run(content, ["place", "y"], rows)
    assert (places.dtype, places.shape) == (np.int64, (50,))
    assert [CLASSES[each] for each in places] == labels.tolist()
    assert set(labels.tolist()) == set(CLASSES)
    assert same.tobytes() == shares.tobytes()


PLACE = helper.make_tensor_value_info("place", TensorProto.INT64, [None])
LEFT: dict[str, bytes] = {
    "another order": model(CHOOSE, LOOK_UP, EXP, constants=[texts(CLASSES[::-1])]),
    "one more": model(CHOOSE, LOOK_UP, EXP, constants=[texts((*CLASSES, "d"))]),
    "no constant": model(
        CHOOSE, helper.make_node("Identity", ["other"], ["list"]), LOOK_UP, EXP,
        constants=[texts(CLASSES, "other")],
    ),
    "an axis": model(
        CHOOSE, helper.make_node("Gather", ["list", "place"], ["label"], axis=0), EXP
    ),
    "another node": model(
        CHOOSE, LOOK_UP.__class__.FromString(
            helper.make_node("GatherND", ["list", "place"], ["label"]).SerializeToString()
        ), EXP,
    ),
    "read again": model(
        CHOOSE, LOOK_UP, EXP, helper.make_node("Identity", ["label"], ["again"]),
    ),
    "an output already": model(CHOOSE, LOOK_UP, EXP, outputs=[PLACE]),
}  # fmt: skip


@pytest.mark.parametrize("name", LEFT)
def test_anything_else_is_left_alone(name: str) -> None:
    assert with_places(LEFT[name], "label", CLASSES) is None


def test_there_is_no_such_output() -> None:
    assert with_places(model(CHOOSE, LOOK_UP, EXP), "other", CLASSES) is None
