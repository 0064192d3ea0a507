"""A model that is bound to regions goes nowhere else, and whoever tried is in the audit log."""

import json
from pathlib import Path

import pytest

from tests.deployer.registry.cli_kit import World

REGIONS = {"aws": "eu-central-1", "gcp": "europe-west3", "azure": "eastus"}


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    world = World(tmp_path, monkeypatch)
    world.local_clouds()
    settings = world.work / "deployer.toml"
    text = settings.read_text("utf-8")
    for name, region in REGIONS.items():
        text = text.replace(f"[clouds.{name}]\n", f'[clouds.{name}]\nregion = "{region}"\n')
    world.settings(text)
    world.model({"model.bin": b"12345"})
    return world


def test_a_push_that_would_break_it_is_refused_and_recorded(world: World) -> None:
    line = world.invoke("push", "model", "penguins", "--residency", "eu").failed(5)
    assert "azure is in eastus" in line
    assert "--clouds aws,gcp" in line
    log = world.folder / "state" / "deployer" / "audit.jsonl"
    last = json.loads(log.read_text("utf-8").splitlines()[-1])
    assert (last["act"], last["outcome"], last["model"]) == ("push", "refused", "penguins")
    assert "eastus" in last["detail"]
    assert len(last["digest"]) == 64
    for name in REGIONS:
        assert not list(world.store(name).rglob("versions/*"))
        assert not list(world.store(name).rglob("blobs/*"))


def test_the_dry_run_refuses_too(world: World) -> None:
    world.invoke("push", "model", "penguins", "--residency", "eu", "--dry-run").failed(5)


def test_where_it_may_be_it_goes_and_stays_bound(world: World) -> None:
    two = ("--clouds", "aws,gcp")
    world.invoke("push", "model", "penguins", "--residency", "EU", *two).ok()
    shown = world.invoke("show", "penguins", "-o", "json", *two).ok().json
    assert shown["residency"] == ["eu"]
    world.model({"model.bin": b"better"})
    assert "azure" in world.invoke("push", "model", "penguins").failed(5)
    world.invoke("push", "model", "penguins", *two).ok()
    shown = world.invoke("show", "penguins", "-o", "json", *two).ok().json
    assert (shown["version"], shown["residency"]) == (2, ["eu"])


def test_bound_in_the_settings(world: World) -> None:
    settings = world.work / "deployer.toml"
    world.settings(settings.read_text("utf-8") + '[models.penguins]\nresidency = ["de"]\n')
    world.invoke("push", "model", "penguins").failed(5)
    world.invoke("push", "model", "penguins", "--clouds", "aws,gcp").ok()
    world.invoke("push", "model", "other").ok()


def test_a_cloud_whose_region_is_not_known_is_refused(world: World) -> None:
    settings = world.work / "deployer.toml"
    world.settings(settings.read_text("utf-8").replace('region = "europe-west3"\n', ""))
    line = world.invoke("push", "model", "penguins", "--residency", "eu").failed(5)
    assert "[clouds.gcp] region" in line


def test_a_binding_that_nothing_can_satisfy_is_a_typing_error(world: World) -> None:
    line = world.invoke("push", "model", "penguins", "--residency", "eu-cental-1").failed(2)
    assert "eu-central-1" in line


def test_the_user_may_loosen_it(world: World) -> None:
    world.invoke("push", "model", "penguins", "--residency", "eu", "--clouds", "aws,gcp").ok()
    world.invoke("push", "model", "penguins", "--residency", "eu,us").ok()


def refusals(world: World, act: str) -> list[dict[str, object]]:
    """Return what the audit log says was refused."""
    lines = (world.folder / "state" / "deployer" / "audit.jsonl").read_text("utf-8").splitlines()
    entries = [json.loads(line) for line in lines]
    return [each for each in entries if (each["act"], each["outcome"]) == (act, "refused")]


def test_a_pull_to_a_machine_elsewhere_is_refused_and_recorded(world: World) -> None:
    two = ("--clouds", "aws,gcp")
    pushed = world.invoke("push", "model", "penguins", "--residency", "eu", "-o", "json", *two)
    digest = pushed.ok().json["manifest"].removeprefix("sha256:")
    assert "set region" in world.invoke("pull", "penguins", "out", *two).failed(5)
    world.setenv({"DEPLOYER_REGION": "us-east-1"})
    assert "us-east-1" in world.invoke("pull", "penguins", "out", *two).failed(5)
    assert [each["digest"] for each in refusals(world, "pull")] == [digest] * 2
    assert not (world.work / "out").exists()
    world.setenv({"DEPLOYER_REGION": "europe-west4"})
    world.invoke("pull", "penguins", "out", *two).ok()


def test_a_repair_that_would_break_it_is_refused_and_recorded(world: World) -> None:
    two = ("--clouds", "aws,gcp")
    pushed = world.invoke("push", "model", "penguins", "--residency", "eu", "-o", "json", *two)
    world.invoke("push", "model", "other").ok()
    assert "azure" in world.invoke("repair", "penguins:1").failed(5)
    digest = pushed.ok().json["manifest"].removeprefix("sha256:")
    assert [each["digest"] for each in refusals(world, "repair")] == [digest]
    ran = world.invoke("repair", "-o", "json").ok()
    assert [each["cloud"] for each in ran.json["kept_out"]]
    assert not list((world.store("azure") / "models").glob("penguins/versions/*"))
