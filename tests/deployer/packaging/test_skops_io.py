"""skops: the same bytes for the same pipeline, the same answers back, and no type unasked for."""

import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
import skops.io
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer

from deployer.errors import DamagedError, MissingError, PolicyError
from deployer.packaging.load import load_package
from deployer.packaging.skops_io import dump_skops, load_skops
from deployer.packaging.table import parse_table
from deployer.training.pipeline import to_frame


def test_the_default_allow_list_loads_the_pipeline(trained: Path) -> None:
    pipeline = load_skops(trained / "model.skops")
    assert isinstance(pipeline, Pipeline)


def test_the_loaded_pipeline_answers_as_the_onnx_model(trained: Path, penguins: Path) -> None:
    from deployer.packaging.cells import encode_table

    model = load_package(trained)
    table = parse_table(penguins.read_bytes(), "penguins.csv")
    labels, shares = model.predict_table(table)
    pipeline = load_skops(trained / "model.skops")
    frame = to_frame(encode_table(model.schema.inputs, table))
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


def test_absent_and_pickled_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(MissingError):
        load_skops(tmp_path / "absent.skops")
    (tmp_path / "pickle").write_bytes(b"\x80\x04\x8c\x05posix\x94\x8c\x06system\x94\x93.")
    with pytest.raises(DamagedError):
        load_skops(tmp_path / "pickle")


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
