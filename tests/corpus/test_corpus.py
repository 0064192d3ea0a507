"""Registries of every released format are read for ever, by this code and from the document alone."""

import ast
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deployer.errors import DamagedError, DeployerError, MissingError
from deployer.registry.cloud import Cloud
from deployer.registry.format.names import parse_reference
from deployer.registry.format.paths import check_paths
from deployer.registry.format.records import (
    AliasRecord,
    Deletion,
    Manifest,
    Marker,
    Record,
    Sweep,
    Tombstone,
    Txn,
    VersionRecord,
    decode,
)
from deployer.registry.homes.promotion import Claim
from deployer.registry.reading.pull import pull
from deployer.registry.reading.resolve import resolve
from deployer.registry.viewing.inventory import aliases_of, models, version_numbers
from providers.errors import StoreError
from providers.local import LocalDriver
from providers.memory import MemoryDriver
from providers.store import Store
from tests.corpus import independent_reader as independent
from tests.corpus.frozen import CORPUS, EXPECTED, read_store, stores
from tests.corpus.make import told, write

KINDS: Mapping[str, type[Record]] = {
    "marker": Marker,
    "manifest": Manifest,
    "version": VersionRecord,
    "alias": AliasRecord,
    "intent": Txn,
    "deletion": Deletion,
    "tombstone": Tombstone,
    "sweep": Sweep,
    "claim": Claim,
}


def kind_of(key: str) -> str:
    """Return which document is under a key; empty for none."""
    parts = key.split("/")
    if parts[0] == "models":
        below = {"versions": "version", "aliases": "alias", "deleted": "deletion"}
        return below.get(parts[2], "")
    if parts[0] == "gc":
        return "sweep" if parts[1] == "sweep.json" else "tombstone"
    first = {"deployer.json": "marker", "manifests": "manifest", "txn": "intent", "epochs": "claim"}
    return first.get(parts[0], "")


def expected_of(folder: Path) -> Any:
    return json.loads((folder.parent / EXPECTED).read_text("utf-8"))[folder.name]


def shown(files: Mapping[str, bytes]) -> dict[str, str]:
    return {path: f"{len(body)} {independent.sha256(body)}" for path, body in files.items()}


def in_memory(objects: Mapping[str, bytes]) -> Cloud:
    driver = MemoryDriver()
    for key, body in objects.items():
        driver.put(key, body, mode="create", metadata={})
    return Cloud("memory", Store(driver))


def pull_files(cloud: Cloud, reference: str, target: Path) -> dict[str, bytes]:
    pull(
        [cloud],
        parse_reference(reference),
        target,
        progress=lambda _: None,
        begin=lambda _: None,
    )
    return read_store(target)


@pytest.fixture(scope="module")
def written_today(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("today") / "format"
    write(target)
    return target


@pytest.fixture(
    params=[*stores(), "home", "follower"], ids=lambda at: "-".join(Path(at).parts[-2:])
)
def store(request: pytest.FixtureRequest) -> Path:
    """Return the folder of a frozen store or, so that the document keeps up, of today's."""
    if isinstance(request.param, Path):
        return request.param
    today: Path = request.getfixturevalue("written_today")
    return today / str(request.param)


@pytest.fixture(params=["folder", "memory"])
def cloud(request: pytest.FixtureRequest, store: Path) -> Iterator[Cloud]:
    if request.param == "folder":
        yield Cloud("folder", Store(LocalDriver(store)))
    else:
        yield in_memory(read_store(store))


def test_there_is_a_corpus() -> None:
    assert [path.relative_to(CORPUS).as_posix() for path in stores()] == [
        "format-1/follower",
        "format-1/home",
    ]


class TestThisCode:
    def test_every_reference_is_pulled(self, store: Path, cloud: Cloud, tmp_path: Path) -> None:
        for number, (reference, wanted) in enumerate(expected_of(store)["references"].items()):
            found = resolve(cloud, parse_reference(reference))
            assert (found.version, found.digest) == (wanted["version"], wanted["manifest"])
            assert shown(pull_files(cloud, reference, tmp_path / f"{number}")) == wanted["files"]

    def test_what_is_not_there_is_missing(self, store: Path, cloud: Cloud) -> None:
        for reference in expected_of(store)["missing"]:
            with pytest.raises(MissingError):
                resolve(cloud, parse_reference(reference))

    def test_every_document_is_read(self, store: Path) -> None:
        seen = set()
        for key, body in read_store(store).items():
            if kind := kind_of(key):
                decode(body, KINDS[kind], where=key)
                seen.add(kind)
        assert seen == set(KINDS)

    def test_everything_is_listed(self, store: Path, cloud: Cloud) -> None:
        expected = expected_of(store)
        listed = [line.name for line in models(cloud)]
        assert listed == ["iris-2.v1_b", "penguins"]
        for model in listed:
            numbers = [r for r in expected["references"] if r.startswith(f"{model}:")]
            assert [f"{model}:{number}" for number in version_numbers(cloud, model)] == numbers
            for record in aliases_of(cloud, model):
                last = expected["histories"][f"{model}@{record.alias}"][-1]
                assert last.startswith(f"{record.seq}: ")


class TestFromTheDocumentAlone:
    def test_it_imports_nothing_of_this_project(self) -> None:
        tree = ast.parse(Path(independent.__file__).read_text("utf-8"))
        imported = {
            name.split(".")[0]
            for node in ast.walk(tree)
            for name in (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else [node.module or "."]
                if isinstance(node, ast.ImportFrom)
                else []
            )
        }
        assert imported <= sys.stdlib_module_names

    def test_every_reference_is_read(self, store: Path) -> None:
        get = read_store(store).__getitem__
        expected = expected_of(store)
        for reference, wanted in expected["references"].items():
            found = independent.resolve(get, reference)
            assert found == (wanted["version"], wanted["manifest"])
            assert shown(independent.read(get, reference)) == wanted["files"]
        for reference in expected["missing"]:
            with pytest.raises(KeyError):
                independent.read(get, reference)

    def test_every_history_is_read(self, store: Path) -> None:
        get = read_store(store).__getitem__
        for name, moves in expected_of(store)["histories"].items():
            found = independent.history(get, *name.split("@"))
            assert [told(record) for record in found] == moves

    def test_every_document_is_as_documented(self, store: Path) -> None:
        objects = read_store(store)
        for key, body in objects.items():
            if kind := kind_of(key):
                assert key in independent.keys_of(kind, body)
            else:
                assert key == f"blobs/sha256/{key[13:15]}/{independent.sha256(body)}"
        assert [key for key in objects if kind_of(key) == "intent"] == expected_of(store)["intents"]


def files_by_this_code(objects: Mapping[str, bytes], reference: str) -> dict[str, str]:
    manifest = resolve(in_memory(objects), parse_reference(reference)).manifest
    return {file.path: file.sha256 for file in manifest.files}


def files_by_the_document(objects: Mapping[str, bytes], reference: str) -> dict[str, str]:
    _, digest = independent.resolve(objects.__getitem__, reference)
    manifest = independent.read_manifest(objects.__getitem__, digest)
    return {file["path"]: file["sha256"] for file in manifest["files"]}


@pytest.mark.parametrize("read", [files_by_this_code, files_by_the_document])
def test_a_damaged_store_is_never_believed(
    read: Callable[[Mapping[str, bytes], str], dict[str, str]],
) -> None:
    """Whatever byte changes: a reader finds the same files as before, or nothing."""
    objects = read_store(CORPUS / "format-1" / "home")
    small = {key: body for key, body in objects.items() if kind_of(key) and "iris" not in key}
    wanted = {name: read(small, name) for name in ("penguins", "penguins@champion")}
    refused = 0
    for key, body in small.items():
        if ".log/" in key:
            continue  # no reader of a version comes there
        for at in range(0, len(body), 1 if kind_of(key) == "alias" else 11):
            damaged = {**small, key: body[:at] + bytes([body[at] ^ 1]) + body[at + 1 :]}
            for reference, files in wanted.items():
                try:
                    assert read(damaged, reference) == files
                except (DeployerError, StoreError, KeyError, independent.RefusedError):
                    refused += 1
    assert refused > 100


HOSTILE = st.sampled_from(
    ["con", "COM¹", "lpt9", "Nul", "conin$", "CONOUT$", "aux.txt", "prn ", "com", "com0", "LPT³.x.y",
     "nul\u00a0.x", ".", "..", " ", "", "a.", "a ", " a", "\\", ":", "a:b", "\u200b", "\n", "\ud800",
     "\ue000", "\u0378", "x" * 255, "x" * 256, "é" * 127, "é" * 128]
)  # fmt: skip
ONE = st.builds(
    lambda before, hostile, after: "/".join(["a"] * before + hostile + ["b"] * after),
    st.integers(0, 14),
    st.lists(HOSTILE | st.text(max_size=3), max_size=2),
    st.integers(0, 3),
)
ALIKE = st.sampled_from(
    ["ß", "ss", "é", "e\u0301", "É", "a", "A", "a/b", "A/c", "ss/x", "ﬁ", "fi", "\u0345", "\u03b9"]
)


@settings(max_examples=1000, deadline=None)
@given(
    st.lists(ONE, min_size=1, max_size=1)
    | st.lists(ALIKE, min_size=2, max_size=3)
    | st.integers(14, 18).map(lambda depth: ["/".join("a" * depth)])
)
def test_both_refuse_the_same_paths(paths: list[str]) -> None:
    try:
        check_paths(paths, where="")
    except DamagedError:
        safe = False
    else:
        safe = True
    assert independent.paths_are_safe(paths) == safe
