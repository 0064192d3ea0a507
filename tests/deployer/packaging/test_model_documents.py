"""Documents: exact round trips, nothing unknown, and damage that is called damage."""

import json
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.errors import DamagedError, UsageError
from deployer.packaging.documents import Document, Golden, Metrics, ModelDocument, Schema
from deployer.packaging.layout import (
    MODEL_FILE,
    PACKAGE_FILES,
    ROLES,
    decode,
    decode_model,
    encode,
)

KINDS: dict[str, type[Document]] = {
    "model.json": ModelDocument,
    "schema.json": Schema,
    "metrics.json": Metrics,
    "golden.json": Golden,
}


def test_a_package_is_these_files(trained: Path) -> None:
    assert sorted(path.name for path in trained.iterdir()) == sorted(PACKAGE_FILES)
    document = json.loads((trained / MODEL_FILE).read_bytes())
    assert {role: entry["path"] for role, entry in document["files"].items()} == ROLES


@pytest.mark.parametrize("name", KINDS)
def test_documents_encode_to_the_same_bytes(trained: Path, name: str) -> None:
    data = (trained / name).read_bytes()
    assert encode(decode(data, KINDS[name], where=name)) == data
    json.loads(data, parse_constant=pytest.fail)


@pytest.mark.parametrize("name", KINDS)
def test_an_unknown_or_absent_field_is_damage(trained: Path, name: str) -> None:
    whole = json.loads((trained / name).read_bytes())
    required = {"model.json": "target", "schema.json": "inputs"}.get(name, "rows")
    absent = {key: value for key, value in whole.items() if key != required}
    for changed in [{**whole, "surprise": 1}, absent]:
        with pytest.raises(DamagedError, match=name):
            decode(msgspec.json.encode(changed), KINDS[name], where=name)


@given(st.binary(max_size=60))
def test_any_other_bytes_are_damage(data: bytes) -> None:
    with pytest.raises(DamagedError):
        decode_model(data, where="model.json")


def changed_model(trained: Path, **changes: object) -> bytes:
    return json.dumps({**json.loads((trained / MODEL_FILE).read_bytes()), **changes}).encode()


def test_a_newer_format_asks_for_a_newer_deployer(trained: Path) -> None:
    data = changed_model(trained, format_version=3, something_new=True)
    with pytest.raises(UsageError, match="format version 3") as caught:
        decode_model(data, where="model.json")
    assert "upgrade" in caught.value.hint


@pytest.mark.parametrize("path", ["../model.onnx", "/etc/passwd", "a/b", ".hidden", ""])
def test_a_package_names_no_file_outside_itself(trained: Path, path: str) -> None:
    files = json.loads((trained / MODEL_FILE).read_bytes())["files"]
    files["onnx"]["path"] = path
    with pytest.raises(DamagedError):
        decode_model(changed_model(trained, files=files), where="model.json")


def test_every_role_has_a_file(trained: Path) -> None:
    files = json.loads((trained / MODEL_FILE).read_bytes())["files"]
    del files["golden"]
    with pytest.raises(DamagedError, match="names no file for: golden"):
        decode_model(changed_model(trained, files=files), where="model.json")
