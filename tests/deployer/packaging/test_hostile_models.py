"""Model files made to harm whoever loads them: refused in one clear line, nothing run or written."""

import io
import json
import os
import pickle
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib  # type: ignore[import-untyped]
import numpy as np
import onnx
import pytest
import skops.io
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer

from deployer.errors import DamagedError, DeployerError, PolicyError
from deployer.packaging.onnx_scan import check_onnx
from deployer.packaging.skops_io import load_skops
from deployer.packaging.skops_scan import check_types
from tests.deployer.packaging.package_kit import seal
from tests.deployer.registry.cli_kit import World
from tests.deployer.registry.registry_kit import read_tree

CANARY = "canary"
SECRET = np.arange(4, dtype=np.float32).tobytes()


class Bomb:
    """Runs a command when it is unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (f"touch {CANARY}",)


# skops


def zipped(members: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, body in members.items():
            archive.writestr(zipfile.ZipInfo(name), body, compress_type=method)
    return buffer.getvalue()


def node(module: str, name: str, loader: str = "ObjectNode", **more: Any) -> dict[str, Any]:
    return {"__module__": module, "__class__": name, "__loader__": loader, "__id__": 1, **more}


def schema(document: Any) -> bytes:
    return zipped({"schema.json": json.dumps(document).encode()})


def joblib_dump(value: Any) -> bytes:
    buffer = io.BytesIO()
    joblib.dump(value, buffer)
    return buffer.getvalue()


def pickled_array() -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.array([Bomb()], dtype=object), allow_pickle=True)
    return buffer.getvalue()


def twice() -> bytes:
    """Two members of one name: whoever reads the first one reads another file than we do."""
    return zipped(
        {"schema.json": json.dumps(node("os", "system")).encode(), "schema.jsoX": b"{}"}
    ).replace(b"schema.jsoX", b"schema.json")


ARRAY = node("numpy", "ndarray", "NdArrayNode", type="numpy", file="1.npy")
SKOPS: dict[str, Callable[[], bytes]] = {
    "pickle": lambda: pickle.dumps(Bomb()),
    "pickle-protocol-0": lambda: pickle.dumps(Bomb(), protocol=0),
    "joblib": lambda: joblib_dump(Bomb()),
    "joblib-of-arrays": lambda: joblib_dump([np.zeros(3), Bomb()]),
    "pickle-in-a-zip": lambda: zipped({"archive/data.pkl": pickle.dumps(Bomb())}),
    "pickle-beside-a-schema": lambda: zipped({"schema.json": b"{", "x.pkl": b"x"}),
    "pickled-array": lambda: zipped(
        {"schema.json": json.dumps(ARRAY).encode(), "1.npy": pickled_array()}
    ),
    "function": lambda: skops.io.dumps(Pipeline([("f", FunctionTransformer(os.system))])),
    "method": lambda: schema(node("numpy", "x", "MethodNode")),
    "operator": lambda: schema(node("operator", "attrgetter", "OperatorFuncNode")),
    "partial": lambda: schema(node("functools", "partial", "PartialNode")),
    "eval": lambda: schema(node("builtins", "eval", "TypeNode")),
    "deep-inside": lambda: schema(
        node("sklearn.pipeline", "Pipeline", content=[{"a": [node("subprocess", "Popen")]}])
    ),
    "lookalike-package": lambda: schema(node("sklearnx.evil", "Model")),
    "no-module": lambda: schema({"__class__": "Popen", "__loader__": "ObjectNode"}),
    "module-that-is-no-text": lambda: schema({"__module__": ["os"], "__class__": "system"}),
    "bomb": lambda: zipped({"schema.json": bytes(1 << 26)}, zipfile.ZIP_DEFLATED),
    "bomb-beside": lambda: zipped(
        {"schema.json": b"{}", "1.npy": bytes(1 << 26)}, zipfile.ZIP_DEFLATED
    ),
    "deep-json": lambda: zipped({"schema.json": b"[" * 200_000}),
    "number-of-a-million-digits": lambda: zipped({"schema.json": b"1" * 1_000_000}),
    "up": lambda: zipped({"schema.json": b"{}", f"../{CANARY}": b"x"}),
    "absolute": lambda: zipped({"schema.json": b"{}", f"/tmp/{CANARY}": b"x"}),
    "backslash": lambda: zipped({"schema.json": b"{}", f"..\\{CANARY}": b"x"}),
    "folder": lambda: zipped({"schema.json": b"{}", "a/": b""}),
    "hidden": lambda: zipped({"schema.json": b"{}", ".x": b""}),
    "many": lambda: zipped({"schema.json": b"{}"} | {f"{n}": b"" for n in range(10_001)}),
    "no-schema": lambda: zipped({"other.json": b"{}"}),
    "twice": twice,
    "nothing": lambda: b"",
    "cut": lambda: zipped({"schema.json": b"{}" * 100})[:-30],
    "method-that-nobody-knows": lambda: zipped({"schema.json": b"{}"}).replace(
        b"PK\x01\x02\x14\x03\x14\x00\x00\x00\x00\x00", b"PK\x01\x02\x14\x03\x14\x00\x00\x00\x63\x00"
    ),
}


# ONNX


def tensor(location: str | None = None, name: str = "w") -> TensorProto:
    made = TensorProto(name=name, data_type=TensorProto.FLOAT, dims=[4])
    if location is None:
        made.raw_data = SECRET
        return made
    made.data_location = TensorProto.EXTERNAL
    for key, value in (("location", location), ("offset", "0"), ("length", "16")):
        made.external_data.add(key=key, value=value)
    return made


def graph(*nodes: Any, initializer: Any = (), **more: Any) -> Any:
    output = helper.make_tensor_value_info("y", TensorProto.FLOAT, [4])
    return helper.make_graph(list(nodes), "g", [], [output], list(initializer), **more)


def model(of: Any, **more: Any) -> bytes:
    made = helper.make_model(of, opset_imports=[helper.make_opsetid("", 17)], ir_version=8, **more)
    return bytes(made.SerializeToString())


IDENTITY = helper.make_node("Identity", ["w"], ["y"])


def constant(value: TensorProto) -> Any:
    return helper.make_node("Constant", [], ["y"], value=value)


def branch(inner: Any) -> Any:
    """Return a node with another graph inside; a second one would double it at each level."""
    return helper.make_node("If", ["c"], ["y"], then_branch=inner)


def sparse(location: str) -> Any:
    return helper.make_sparse_tensor(
        tensor(location), helper.make_tensor("i", TensorProto.INT64, [4], range(4)), [4]
    )


def with_function(location: str) -> bytes:
    function = helper.make_function(
        "d", "f", [], ["y"], [constant(tensor(location))], [helper.make_opsetid("", 17)]
    )
    return model(graph(helper.make_node("f", [], ["y"], domain="d")), functions=[function])


def with_training(location: str) -> bytes:
    made = onnx.load_from_string(model(graph(constant(tensor()))))
    info = made.training_info.add()
    info.algorithm.CopyFrom(graph(constant(tensor(location))))
    return bytes(made.SerializeToString())


def location_only() -> bytes:
    """A tensor that says "external" and does not say where."""
    made = tensor()
    made.data_location = TensorProto.EXTERNAL
    return model(graph(IDENTITY, initializer=[made]))


def nested(depth: int) -> bytes:
    inner = graph(constant(tensor()))
    for _ in range(depth):
        inner = graph(branch(inner))
    return model(inner)


def deep_bytes(depth: int) -> bytes:
    """Return graphs in attributes in nodes in graphs, written by hand: no library goes so deep."""
    body = b""
    for _ in range(depth):
        for field in (6, 5, 1):  # attribute.g, node.attribute, graph.node
            body = bytes([field << 3 | 2]) + varint(len(body)) + body
    return bytes([7 << 3 | 2]) + varint(len(body)) + body


def varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


PLACES: dict[str, Callable[[str], bytes]] = {
    "initializer": lambda at: model(graph(IDENTITY, initializer=[tensor(at)])),
    "constant": lambda at: model(graph(constant(tensor(at)))),
    "sparse-initializer": lambda at: model(graph(IDENTITY, sparse_initializer=[sparse(at)])),
    "tensors": lambda at: model(
        graph(helper.make_node("Constant", [], ["y"], values=[tensor(), tensor(at)]))
    ),
    "branch": lambda at: model(graph(branch(graph(constant(tensor(at)))))),
    "function": with_function,
    "training": with_training,
}
ONNX: dict[str, Callable[[], bytes]] = {
    "pickle": lambda: pickle.dumps(Bomb()),
    "pickle-protocol-0": lambda: pickle.dumps(Bomb(), protocol=0),
    "joblib": lambda: joblib_dump(Bomb()),
    "zip": lambda: zipped({f"../{CANARY}": b"x"}),
    "ort-format": lambda: b"\x18\0\0\0ORTM" + bytes(100),
    "external-without-a-place": location_only,
    "nested": lambda: nested(30),
    "deep": lambda: deep_bytes(100),
    "deeper": lambda: deep_bytes(5_000),
    "nothing": lambda: b"",
    "text": lambda: b"import os",
    "cut": lambda: model(graph(constant(tensor())))[:-5],
    "endless-number": lambda: b"\xff" * 50,
    "group": lambda: b"\x0b\x0c",
    "longer-than-it-is": lambda: b"\x3a\xff\xff\xff\xff\x0f",
    "another-model": lambda: model(graph(constant(tensor()))),
    **{
        f"external-{place}-{kind}": lambda make=make, at=at: make(at)  # type: ignore[misc]
        for place, make in PLACES.items()
        for kind, at in {
            "absolute": "/etc/passwd",
            "up": "../secret",
            "here": "secret",
            "device": "/dev/zero",
        }.items()
    },
}


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    made = World(tmp_path, monkeypatch)
    (made.work / "secret").write_bytes(SECRET)
    (made.folder / "secret").write_bytes(SECRET)
    return made


def plant(world: World, trained: Path, role: str, content: bytes) -> Path:
    """Put a hostile file into a package whose digests are all right."""
    package = Path(shutil.copytree(trained, world.work / "model"))
    (package / role).write_bytes(content)
    seal(package)
    return package


def refuse(world: World, penguins: Path) -> str:
    before = world.everything()
    error = world.invoke("predict", "model", str(penguins))
    assert error.code in (5, 11)
    line = error.failed(error.code)
    assert error.out == ""
    assert world.everything() == before, "something was written"
    assert not list(world.folder.rglob(CANARY))
    return line


@pytest.mark.parametrize("name", SKOPS)
def test_skops(world: World, trained: Path, penguins: Path, name: str) -> None:
    """Predicting does not need this file; it says enough of the package that it is there."""
    plant(world, trained, "model.skops", SKOPS[name]())
    assert "model.skops" in refuse(world, penguins)


@pytest.mark.parametrize("name", ONNX)
def test_onnx(world: World, trained: Path, penguins: Path, name: str) -> None:
    plant(world, trained, "model.onnx", ONNX[name]())
    line = refuse(world, penguins)
    assert "model.onnx" in line
    if name.startswith("external"):
        assert "another file" in line


@pytest.mark.parametrize("role", ["model.json", "schema.json", "golden.json", "metrics.json"])
@pytest.mark.parametrize("body", [b"[" * 500_000, b'{"format":' * 100_000, b"\xff\xfe", b"1e999"])
def test_documents(world: World, trained: Path, penguins: Path, role: str, body: bytes) -> None:
    package = Path(shutil.copytree(trained, world.work / "model"))
    (package / role).write_bytes(body)
    if role != "model.json":
        seal(package)
    assert role in refuse(world, penguins)


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "a/b", "..", "a\\b", ""])
def test_an_entry_document_that_leads_out(
    world: World, trained: Path, penguins: Path, name: str
) -> None:
    package = Path(shutil.copytree(trained, world.work / "model"))
    document = json.loads((package / "model.json").read_bytes())
    document["files"]["onnx"]["path"] = name
    (package / "model.json").write_text(json.dumps(document))
    refuse(world, penguins)


def test_files_that_nobody_asked_for_are_not_opened(
    world: World, trained: Path, penguins: Path
) -> None:
    package = Path(shutil.copytree(trained, world.work / "model"))
    for name in ("model.pkl", "model.joblib", "weights.npy"):
        (package / name).write_bytes(pickle.dumps(Bomb()))
    for name in ("sitecustomize.py", "numpy.py", "onnxruntime.py", "conftest.py", "__init__.py"):
        for folder in (package, world.work):
            (folder / name).write_text(f"open({CANARY!r}, 'w')")
    world.run("predict", "model", str(penguins)).ok()
    assert not list(world.folder.rglob(CANARY))


def test_an_answer_of_another_shape(world: World, trained: Path, penguins: Path) -> None:
    """The types are right, the number of answers is not."""
    made = onnx.load(trained / "model.onnx")
    for output in made.graph.output:
        for each in made.graph.node:
            each.output[:] = [f"{o}_all" if o == output.name else o for o in each.output]
        made.graph.node.append(
            helper.make_node("Gather", [f"{output.name}_all", "one"], [output.name], axis=0)
        )
    made.graph.initializer.append(helper.make_tensor("one", TensorProto.INT64, [1], [0]))
    plant(world, trained, "model.onnx", made.SerializeToString())
    assert "answers" in refuse(world, penguins)


@pytest.mark.parametrize("name", ["pickle", "joblib", "bomb", "up", "function", "pickled-array"])
def test_loading_for_retraining_refuses_it_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model.skops").write_bytes(SKOPS[name]())
    with pytest.raises((DamagedError, PolicyError)):
        load_skops(tmp_path / "model.skops")
    assert sorted(read_tree(tmp_path)) == ["model.skops"]


def test_a_default_of_a_functions_attribute() -> None:
    function = helper.make_function(
        "d",
        "f",
        [],
        ["y"],
        [helper.make_node("Identity", ["w"], ["y"])],
        [helper.make_opsetid("", 17)],
        attribute_protos=[helper.make_attribute("value", tensor("secret"))],
    )
    with pytest.raises(DamagedError, match="another file"):
        check_onnx(model(graph(IDENTITY), functions=[function]), where="x")


def test_two_formats_at_once() -> None:
    """Valid as a message, and taken by the runtime for a model of its own format."""
    with pytest.raises(DamagedError, match="own format"):
        check_onnx(b"\x12\x06\0\0ORTM", where="x")


def test_depth_is_told_before_the_runtime_goes_there() -> None:
    check_onnx(nested(20), where="x")
    with pytest.raises(DamagedError, match="nested deeper"):
        check_onnx(deep_bytes(100), where="x")


def test_what_we_make_is_taken(trained: Path) -> None:
    check_types((trained / "model.skops").read_bytes(), where="")
    check_onnx((trained / "model.onnx").read_bytes(), where="")


def test_hostile_files_are_pulled_as_bytes(world: World) -> None:
    """Publishing and fetching run nothing, whatever the files are."""
    world.local_clouds()
    files = {f"skops/{name}": make() for name, make in SKOPS.items()}
    files |= {f"onnx/{name}": make() for name, make in ONNX.items()}
    world.model(files)
    world.invoke("push", "model", "hostile").ok()
    world.invoke("pull", "hostile", "out").ok()
    assert read_tree(world.work / "out") == files
    assert not list(world.folder.rglob(CANARY))


def names_a_file(message: Any) -> bool:
    """Tell whether a message holds an external tensor, by the library's own description of it."""
    if isinstance(message, TensorProto):
        return bool(message.external_data) or message.data_location != 0
    for field, value in message.ListFields():
        if field.message_type is not None:
            several = value if hasattr(value, "__len__") else [value]
            if any(names_a_file(each) for each in several):
                return True
    return False


@settings(deadline=None, max_examples=300)
@given(data=st.data())
def test_whatever_the_library_reads_as_external_is_refused(data: st.DataObject) -> None:
    """Changed at random, a model is refused, or no part of it is in another file."""
    content = bytearray(data.draw(st.sampled_from(list(PLACES.values())))("secret"))
    for position in data.draw(st.lists(st.integers(0, len(content) - 1), max_size=3)):
        content[position] = data.draw(st.integers(0, 255))
    try:
        check_onnx(bytes(content), where="x")
    except DeployerError:
        return
    try:
        parsed = onnx.load_from_string(bytes(content))
    except Exception:  # noqa: BLE001 - not a model at all
        return
    assert not names_a_file(parsed)
