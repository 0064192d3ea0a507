"""`deployer diff` and `deployer show --matrix`, and the tables of both, byte for byte."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from deployer.registry.cloud import Cloud
from deployer.registry.format import layout
from deployer.registry.format.records import Deletion, encode
from deployer.registry.publishing.publish import Facts
from tests.deployer.registry.cli_kit import World
from tests.deployer.registry.registry_kit import NAMES, folder_of, local_clouds, push, sha256

GOLDEN = Path(__file__).parents[2] / "golden" / "cli"

OLD: dict[str, Any] = {
    "schema": {
        "inputs": [
            {"name": "year", "kind": "numeric", "dtype": "float32"},
            {"name": "sex", "kind": "categorical", "categories": ["female", "male"]},
        ],
        "target": "species",
    },
    "metrics": {"accuracy": 0.9884, "rows": 86, "classes": [{"label": "Adelie", "f1": 0.987}]},
    "frameworks": {"onnx": "1.21.0", "scikit-learn": "1.7.0"},
}
NEW: dict[str, Any] = {
    "schema": {
        "inputs": [
            {"name": "sex", "kind": "categorical", "categories": ["female", "male", "unknown"]},
            {"name": "mass|g", "kind": "numeric", "dtype": "float32"},
        ],
        "target": "species",
    },
    "metrics": {"accuracy": 0.9535, "rows": 86, "classes": [{"label": "Adelie", "f1": 1.0}]},
    "frameworks": {"onnx": "1.22.0", "scikit-learn": "1.7.0", "skops": "0.12"},
}
FILES = [
    {"model.onnx": b"1" * 2000, "notes.txt": b"n", "a": b"same"},
    {"model.onnx": b"2" * 3000, "golden.json": b"{}", "b": b"same"},
    {"model.onnx": b"3" * 3000},
]


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three clouds with penguins:1 to :3, the second one champion."""
    folder = tmp_path_factory.mktemp("prepared")
    clouds = local_clouds(folder / "stores")
    for number, (files, facts) in enumerate(zip(FILES, (OLD, NEW, NEW), strict=True)):
        root = folder_of(folder / f"{number}", files)
        aliases = ("champion",) if number == 1 else ()
        push(clouds, root, state=folder / "state", facts=Facts(**facts), aliases=aliases)
    return folder


@pytest.fixture
def world(prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    made = World(tmp_path, monkeypatch)
    shutil.copytree(prepared / "stores", tmp_path / "stores")
    made.local_clouds()
    made.setenv({"NO_COLOR": "1", "COLUMNS": "100"})
    return made


def same(text: str, name: str) -> None:
    """Compare with a golden file; times are not of this day."""
    shown = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "2026-11-22T15:10:28Z", text)
    assert shown == (GOLDEN / name).read_text("utf-8")


def store(world: World, name: str) -> Cloud:
    return local_clouds(world.folder / "stores", name)[0]


class TestDiff:
    def test_a_table(self, world: World) -> None:
        same(world.invoke("diff", "penguins:1", "penguins:2").ok().out, "diff.txt")

    def test_markdown(self, world: World) -> None:
        ran = world.invoke("diff", "penguins:1", "penguins@champion", "--markdown").ok()
        same(ran.out, "diff.md")

    def test_json(self, world: World) -> None:
        told = world.invoke("diff", "penguins:1", "penguins:3", "-o", "json").ok().json
        assert told["differs"] is True
        assert (told["from"]["version"], told["to"]["version"]) == (1, 3)
        assert told["lineage"] == {"relation": "ancestor", "steps": 2}
        kinds = {each["path"]: each["kind"] for each in told["files"]}
        assert kinds == {"a": "removed", "model.onnx": "changed", "notes.txt": "removed"}
        accuracy = next(each for each in told["metrics"] if each["name"] == "accuracy")
        assert accuracy["delta"] == pytest.approx(-0.0349)

    def test_the_other_way_round(self, world: World) -> None:
        told = world.invoke("diff", "penguins:3", "penguins:2", "-o", "json").ok().json
        assert told["lineage"] == {"relation": "descendant", "steps": 1}

    def test_no_difference(self, world: World) -> None:
        ran = world.invoke("diff", "penguins:2", "penguins@champion", "--exit-code").ok()
        assert "no difference" in ran.err
        markdown = world.invoke("diff", "penguins:2", "penguins:2", "--markdown").ok().out
        assert "No difference." in markdown

    def test_exit_code(self, world: World) -> None:
        assert world.invoke("diff", "penguins:1", "penguins:2", "--exit-code", "-q").code == 7
        assert world.invoke("diff", "penguins:1", "penguins:2").code == 0

    def test_of_two_models(self, world: World) -> None:
        world.model({"model.onnx": FILES[2]["model.onnx"]})
        world.invoke("push", "model", "otters").ok()
        told = world.invoke("diff", "otters", "penguins:3", "-o", "json").ok().json
        assert (told["lineage"]["relation"], told["files"]) == ("unrelated", [])

    @pytest.mark.parametrize(
        ("arguments", "code"),
        [
            (["penguins:1", "penguins:9"], 6),
            (["penguins:1", "no such"], 2),
            (["penguins:1", "penguins:2", "--markdown", "-o", "json"], 2),
        ],
    )
    def test_refused(self, world: World, arguments: list[str], code: int) -> None:
        if "-o" in arguments:
            assert world.invoke("diff", *arguments).code == code
        else:
            world.invoke("diff", *arguments).failed(code)

    def test_markdown_is_taken_as_it_is(self, world: World, tmp_path: Path) -> None:
        """A file's name must not become a link, a mention or another column."""
        clouds = local_clouds(world.folder / "stores")
        evil = {"`x` | @ana [l](u) <b>": b"1", "``": b"2"}
        push(clouds, folder_of(tmp_path / "evil", evil), state=world.state)
        shown = world.invoke("diff", "penguins:3", "penguins:4", "--markdown").ok().out
        lines = [line for line in shown.splitlines() if "added" in line]
        assert "| ``` `` ``` |" in lines[0] + lines[1]
        assert r"| `` `x` \| @ana [l](u) <b> `` |" in lines[0] + lines[1]


def spoil(world: World) -> None:
    """Bring about every state there is."""
    gcp, azure = store(world, "gcp").store, store(world, "azure").store
    gcp.delete(layout.version("penguins", 3))
    azure.delete(layout.blob(sha256(FILES[2]["model.onnx"])))
    gcp.put(layout.blob(sha256(FILES[1]["model.onnx"])), b"short", mode="overwrite")
    record = json.loads(azure.get(layout.version("penguins", 2)))
    changed = json.dumps(record | {"manifest": "0" * 64}, separators=(",", ":"), sort_keys=True)
    azure.put(layout.version("penguins", 2), changed.encode(), mode="overwrite")
    for name in ("aws", "gcp"):
        cloud = store(world, name).store
        deletion = Deletion(
            format=1,
            model="penguins",
            version=1,
            manifest=json.loads(cloud.get(layout.version("penguins", 1)))["manifest"],
            txn="0f9f5a4c-3c1e-4a52-9a53-1e2f6a3f0b11",
            at="2026-11-22T15:10:28Z",
            by="ana@host",
        )
        cloud.put(layout.deleted("penguins", 1), encode(deletion), mode="create")
        cloud.delete(layout.version("penguins", 1))


EVERY_STATE = {
    3: {"aws": "complete", "gcp": "behind", "azure": "missing"},
    2: {"aws": "complete", "gcp": "damaged", "azure": "diverged"},
    1: {"aws": "deleted", "gcp": "deleted", "azure": "behind"},
}


def cells(document: Any) -> dict[int, dict[str, str]]:
    return {line["version"]: line["clouds"] for line in document["versions"]}


class TestMatrix:
    def test_all_is_well(self, world: World) -> None:
        told = world.invoke("show", "penguins", "--matrix", "-o", "json").ok().json
        assert cells(told) == dict.fromkeys((3, 2, 1), dict.fromkeys(NAMES, "complete"))
        assert [line["aliases"] for line in told["versions"]] == [["latest"], ["champion"], []]
        assert (told["reference"], told["older"]) == ("aws", 0)

    def test_every_state(self, world: World) -> None:
        spoil(world)
        told = world.invoke("show", "penguins", "--matrix", "-o", "json").ok().json
        assert cells(told) == EVERY_STATE
        assert told["versions"][2]["manifest"] is not None, "azure still has it"
        assert cells(world.invoke("show", "penguins", "-o", "json").ok().json["matrix"]) == cells(
            told
        )

    def test_a_table(self, world: World) -> None:
        spoil(world)
        world.store("gcp").rename(world.folder / "away")
        ran = world.invoke("show", "penguins", "--matrix").ok()
        same(ran.out, "matrix.txt")
        assert "gcp is unreachable" in ran.err

    def test_the_home_is_what_the_others_are_held_against(self, world: World) -> None:
        spoil(world)
        names = ["--clouds", "azure,gcp,aws"]
        told = world.invoke("show", "penguins", "--matrix", "-o", "json", *names).ok().json
        assert cells(told) == EVERY_STATE

    def test_without_the_home(self, world: World) -> None:
        world.store("aws").rename(world.folder / "away")
        ran = world.invoke("show", "penguins", "--matrix", "-o", "json").ok()
        expected = {"aws": "unreachable", "gcp": "complete", "azure": "complete"}
        assert cells(ran.json) == dict.fromkeys((3, 2, 1), expected)
        assert ran.json["reference"] == "gcp"
        assert "held against gcp" in world.invoke("show", "penguins", "--matrix").ok().err

    def test_limit(self, world: World) -> None:
        told = world.invoke("show", "penguins", "--matrix", "--limit", "2", "-o", "json").ok().json
        assert (list(cells(told)), told["older"]) == ([3, 2], 1)
        assert list(
            cells(
                world.invoke("show", "penguins", "--limit", "1", "-o", "json").ok().json["matrix"]
            )
        ) == [3]

    def test_what_latest_has_not_reached(self, world: World) -> None:
        for name in NAMES:
            cloud = store(world, name).store
            cloud.put(
                layout.alias("penguins", "latest"),
                cloud.get(layout.alias_log("penguins", "latest", 2)),
                mode="overwrite",
            )
        told = world.invoke("show", "penguins", "--matrix", "--limit", "2", "-o", "json").ok().json
        assert list(cells(told)) == [3, 2]

    def test_colours(self, world: World) -> None:
        green = "\x1b[32m"
        world.setenv({"FORCE_COLOR": "1", "TERM": "xterm-256color"})
        assert green not in world.invoke("show", "penguins", "--matrix").out
        world.patch.delenv("NO_COLOR")
        assert green in world.invoke("show", "penguins", "--matrix").out
        assert green not in world.invoke("show", "penguins", "--matrix", "--no-color").out

    @pytest.mark.parametrize(
        ("reference", "code"), [("penguins:1", 2), ("penguins@champion", 2), ("otters", 6)]
    )
    def test_refused(self, world: World, reference: str, code: int) -> None:
        world.invoke("show", reference, "--matrix").failed(code)

    def test_one_version_has_no_matrix(self, world: World) -> None:
        assert "matrix" not in world.invoke("show", "penguins:1", "-o", "json").ok().json


def test_metrics_are_readable(world: World) -> None:
    shown = world.invoke("show", "penguins:1").ok().out
    assert re.search(r"accuracy +0\.9884 *\n", shown)
    assert re.search(r"rows +86 *\n", shown)
    assert re.search(r"classes: label +f1", shown)
    assert re.search(r"Adelie +0\.9870", shown)
