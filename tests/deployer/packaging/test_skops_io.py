"""skops: the same bytes for the same pipeline, the same answers back, and no type unasked for."""

import io
import json
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib  # type: ignore[import-untyped]
import numpy as np
import pytest
import skops.io
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_selection import SelectKBest, chi2
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer

from deployer.errors import DamagedError, MissingError, PolicyError
from deployer.packaging.load import load_package
from deployer.packaging.skops_io import dump_skops, load_skops
from deployer.packaging.skops_runtime import frame_of
from deployer.packaging.skops_scan import check_types
from deployer.tables.read import parse_table


def test_the_default_allow_list_loads_the_pipeline(trained: Path) -> None:
    pipeline = load_skops(trained / "model.skops")
    assert isinstance(pipeline, Pipeline)


def test_the_loaded_pipeline_answers_as_the_onnx_model(trained: Path, penguins: Path) -> None:
    from deployer.packaging.cells import encode_table

    model = load_package(trained)
    table = parse_table(penguins.read_bytes(), "penguins.csv")
    labels, shares, _ = model.predict_table(table)
    pipeline = load_skops(trained / "model.skops")
    frame = frame_of(encode_table(model.schema.inputs, table))
    assert pipeline.predict(frame).tolist() == labels.tolist()
    assert np.abs(pipeline.predict_proba(frame) - shares).max() <= 1e-5


def test_bytes_depend_on_the_pipeline_alone() -> None:
    x, y = np.arange(12.0).reshape(6, 2), [0, 1, 0, 1, 1, 0]
    first, second = (dump_skops(LogisticRegression().fit(x.copy(), y)) for _ in range(2))
    assert first == second
    assert first != dump_skops(LogisticRegression(C=2).fit(x, y))
    assert np.array_equal(skops.io.loads(first).coef_, skops.io.loads(second).coef_)
    with zipfile.ZipFile(io.BytesIO(first)) as archive:
        assert {each.date_time for each in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_a_type_that_nobody_allowed_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.skops"
    path.write_bytes(dump_skops(Pipeline([("f", FunctionTransformer(json.dumps))])))
    with pytest.raises(PolicyError, match=r"not on the allow-list: json\.dumps"):
        load_skops(path)
    with pytest.raises(PolicyError, match=r"json\.dumps"):
        load_skops(path, trusted=["json.loads"])
    assert load_skops(path, trusted=["json.dumps"]).steps[0][1].func is json.dumps


def test_an_absent_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingError):
        load_skops(tmp_path / "absent.skops")


def joblib_bytes(path: Path, compress: Any) -> bytes:
    joblib.dump(LogisticRegression(), path, compress=compress)
    return path.read_bytes()


@pytest.mark.parametrize("protocol", range(6))
def test_a_pickle_by_another_name_is_refused(tmp_path: Path, protocol: int) -> None:
    path = tmp_path / "model.skops"
    for value in (LogisticRegression(), {"a": 1}, [1, 2], ("a", 1)):
        path.write_bytes(pickle.dumps(value, protocol))
        for refuse in (lambda: load_skops(path), lambda: check_types(path.read_bytes(), where="x")):
            with pytest.raises((PolicyError, DamagedError)) as caught:
                refuse()
            assert "\n" not in str(caught.value)
    path.write_bytes(pickle.dumps(LogisticRegression(), protocol))
    with pytest.raises(PolicyError, match="not a skops file but a pickle"):
        load_skops(path)


@pytest.mark.parametrize("compress", [0, 3, ("gzip", 3), ("bz2", 3), ("xz", 3), ("lzma", 3)])
def test_what_joblib_writes_is_refused(tmp_path: Path, compress: Any) -> None:
    data = joblib_bytes(tmp_path / "model.skops", compress)
    for refuse in (lambda: load_skops(data), lambda: check_types(data, where="x")):
        with pytest.raises(PolicyError, match=r"a (compressed )?pickle, as .*joblib\.dump"):
            refuse()


def test_pickled_objects_in_an_array_are_refused() -> None:
    """NumPy keeps arrays of objects as a pickle; skops never writes one."""
    array = io.BytesIO()
    np.save(array, np.array([LogisticRegression()], dtype=object), allow_pickle=True)
    data = with_member(
        dump_skops(LogisticRegression().fit([[0.0], [1.0]], [0, 1])), array.getvalue()
    )
    with pytest.raises(PolicyError, match=r"\.npy"):
        check_types(data, where="x")
    with pytest.raises((DamagedError, PolicyError)):
        load_skops(data)


def with_member(data: bytes, content: bytes) -> bytes:
    """Replace the first array of a skops file."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(buffer, "w") as new:
        names = sorted(old.namelist())
        for name in names:
            new.writestr(name, content if name == names[0] else old.read(name))
    return buffer.getvalue()


def forge(change: Callable[[dict[str, Any]], None]) -> bytes:
    """Return a skops file whose document was changed by hand."""
    data = dump_skops(LogisticRegression().fit([[0.0], [1.0]], [0, 1]))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    document = json.loads(members["schema.json"])
    change(document["content"]["content"])
    members["schema.json"] = json.dumps(document).encode()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def node(module: str, name: str, loader: str, content: Any) -> dict[str, Any]:
    return {
        "__module__": module,
        "__class__": name,
        "__loader__": loader,
        "__id__": 999_999,
        "content": content,
    }


@pytest.mark.parametrize(
    ("planted", "named"),
    [
        (
            node("os", "system", "FunctionNode", {"module_path": "os", "function": "system"}),
            r"os\.system",
        ),
        (node("subprocess", "Popen", "TypeNode", None), r"subprocess\.Popen"),
        (node("pathlib", "Path", "ObjectNode", {}), r"pathlib\.Path"),
        # Ours, but not on the list: a package is no reason.
        (node("deployer.packaging.package", "Draft", "ObjectNode", {}), r"deployer\.packaging"),
    ],
)
def test_a_forged_node_is_refused_by_both(planted: dict[str, Any], named: str) -> None:
    def plant(content: dict[str, Any]) -> None:
        content["planted"] = planted

    data = forge(plant)
    with pytest.raises(PolicyError, match=named):
        check_types(data, where="x", trusted=["json.dumps"])
    with pytest.raises((PolicyError, DamagedError)):
        load_skops(data)


def test_a_function_is_let_in_by_its_full_name_alone() -> None:
    """One function of scikit-learn is on the list; its neighbours are not."""
    chosen = SelectKBest(k=1).fit([[0.0, 1.0], [1.0, 1.5], [0.5, 3.0]], [0, 1, 1])
    check_types(dump_skops(chosen), where="x")
    assert load_skops(dump_skops(chosen)).k == 1
    chosen.score_func = chi2
    for refuse in (
        lambda: check_types(dump_skops(chosen), where="x"),
        lambda: load_skops(dump_skops(chosen)),
    ):
        with pytest.raises(PolicyError, match="chi2"):
            refuse()


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_a_damaged_file_never_ends_in_another_error(
    trained: Path, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    content = bytearray((trained / "model.skops").read_bytes())
    for position in data.draw(st.lists(st.integers(0, len(content) - 1), min_size=1, max_size=4)):
        content[position] ^= data.draw(st.integers(1, 255))
    path = tmp_path_factory.mktemp("damaged") / "model.skops"
    path.write_bytes(content)
    refusal = None
    try:
        load_skops(path)
    except (DamagedError, PolicyError) as error:
        refusal = error
    assert refusal is None or (refusal.where == str(path) and "\n" not in str(refusal))
