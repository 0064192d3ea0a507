"""`deployer home show`, `promote` and `reconcile`, as a user runs them."""

import json
from pathlib import Path

import pytest

from tests.deployer.registry.cli_kit import World
from tests.deployer.registry.registry_kit import NAMES, read_tree


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    made = World(tmp_path, monkeypatch)
    made.local_clouds(more='[push]\nhome = "aws"\n')
    made.invoke("push", str(made.model({"a": b"1"}, "one")), "penguins").ok()
    return made


def lose(world: World, name: str) -> None:
    world.store(name).rename(world.folder / f"{name}-lost")


def find(world: World, name: str) -> None:
    (world.folder / f"{name}-lost").rename(world.store(name))


def split(world: World) -> None:
    """gcp is promoted without aws; both publish a second version."""
    lose(world, "aws")
    world.invoke("home", "promote", "gcp", "--yes").ok()
    model = str(world.model({"a": b"new"}, "new"))
    world.invoke("push", model, "penguins", "--clouds", "gcp,azure").ok()
    find(world, "aws")
    world.patch.setenv("XDG_STATE_HOME", str(world.folder / "elsewhere"))
    world.invoke("push", str(world.model({"a": b"old"}, "old")), "penguins", "--clouds", "aws").ok()
    world.patch.setenv("XDG_STATE_HOME", str(world.folder / "state"))


def shown(world: World) -> dict[str, tuple[str, int | None, int | None, int | None]]:
    rows = world.invoke("home", "show", "-o", "json").ok().json
    return {r["cloud"]: (r["role"], r["epoch"], r["versions"], r["alone"]) for r in rows}


def test_show(world: World) -> None:
    assert shown(world) == {
        "aws": ("home", 1, 1, 0),
        "gcp": ("follower", 1, 1, 0),
        "azure": ("follower", 1, 1, 0),
    }
    lose(world, "aws")
    assert shown(world)["aws"] == ("unreachable", None, None, None)
    assert shown(world)["gcp"] == ("follower", 1, 1, None)
    find(world, "aws")
    split(world)
    before = read_tree(world.folder / "stores")
    assert shown(world) == {
        "aws": ("fenced", 1, 2, 0),  # its second version is another one, as reconcile tells
        "gcp": ("home", 2, 2, 0),
        "azure": ("follower", 2, 2, 0),
    }
    ran = world.invoke("home", "show").ok()
    assert "deployer home reconcile aws" in ran.err
    assert "fenced" in ran.out
    assert read_tree(world.folder / "stores") == before


def test_show_counts_what_a_cloud_alone_has(world: World) -> None:
    lose(world, "aws")
    world.invoke("home", "promote", "gcp", "--yes").ok()
    find(world, "aws")
    world.patch.setenv("XDG_STATE_HOME", str(world.folder / "elsewhere"))
    world.invoke("push", str(world.model({"a": b"old"}, "old")), "penguins", "--clouds", "aws").ok()
    assert shown(world)["aws"] == ("fenced", 1, 2, 1)


def test_show_where_there_is_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(tmp_path, monkeypatch)
    world.local_clouds("aws")
    assert shown(world) == {"aws": ("none", None, None, None)}


def test_a_push_says_what_to_do_when_the_home_is_gone(world: World) -> None:
    lose(world, "aws")
    model = str(world.model({"a": b"2"}, "two"))
    error = world.invoke("push", model, "penguins", "--require", "majority").failed(6)
    assert "deployer home promote" in error
    promoted = world.invoke("home", "promote", "gcp", "--yes", "-o", "json").ok()
    assert (promoted.json["home"], promoted.json["epoch"], promoted.json["changed"]) == (
        "gcp",
        2,
        True,
    )
    assert list(promoted.json["unreachable"]) == ["aws"]
    again = world.invoke("home", "promote", "gcp", "-o", "json").ok()  # nothing to ask
    assert (again.json["epoch"], again.json["changed"]) == (2, False)
    # The home in the settings is the one a registry is founded on: it need not be named for ever.
    world.invoke("push", model, "penguins", "--clouds", "gcp,azure").ok()
    assert [entry["act"] for entry in audit_log(world)][-3:] == [
        "home promote",
        "home promote",
        "push",
    ]


def audit_log(world: World) -> list[dict[str, str]]:
    lines = (world.state / "audit.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines]


def test_nobody_is_there_to_be_asked(world: World) -> None:
    before = read_tree(world.folder / "stores")
    assert "--yes" in world.invoke("home", "promote", "gcp").failed(2)
    split_before = read_tree(world.folder / "stores")
    assert split_before == before
    split(world)
    assert "--yes" in world.invoke("home", "reconcile", "aws").failed(2)


def test_reconcile(world: World) -> None:
    split(world)
    before = read_tree(world.folder / "stores")
    told = world.invoke("home", "reconcile", "aws", "--dry-run", "-o", "json").ok().json
    assert [(each["kind"], each["number"], each["home_differs"]) for each in told["divergent"]] == [
        ("version", 2, True),
        ("move", 2, True),
    ]
    assert "penguins:2" in world.invoke("home", "reconcile", "aws", "--dry-run").ok().out
    assert read_tree(world.folder / "stores") == before
    done = world.invoke("home", "reconcile", "aws", "--yes", "-o", "json").ok().json
    assert done["divergent"][0]["published_as"] == 3
    assert shown(world) == {name: (role, 2, 3, 0) for name, role in roles_now(world).items()}
    out = world.folder / "out"
    world.invoke("pull", "penguins:3", str(out), "--from", "azure").ok()
    assert (out / "a").read_bytes() == b"old"
    ran = world.invoke("home", "reconcile", "aws").ok()  # nothing to ask
    assert "nothing diverged" in ran.err
    assert audit_log(world)[-1]["act"] == "home reconcile"


def roles_now(world: World) -> dict[str, str]:
    return {"aws": "follower", "gcp": "home", "azure": "follower"}


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("promote", "nowhere", "--yes"), 2, "unknown cloud 'nowhere'"),
        (("reconcile", "nowhere", "--yes"), 2, "unknown cloud 'nowhere'"),
        (("reconcile", "aws", "--yes"), 2, "aws is the home"),
        (("promote", "gcp", "--yes", "--clouds", "gcp"), 1, "only 1 of 2 clouds answer"),
    ],
)
def test_refusals(world: World, arguments: tuple[str, ...], code: int, said: str) -> None:
    before = read_tree(world.folder / "stores")
    assert said in world.invoke("home", *arguments).failed(code)
    assert read_tree(world.folder / "stores") == before


def test_the_old_home_cannot_be_promoted_before_it_was_reconciled(world: World) -> None:
    split(world)
    before = read_tree(world.folder / "stores")
    assert "deployer home reconcile aws" in world.invoke("home", "promote", "aws").failed(1)
    assert read_tree(world.folder / "stores") == before


@pytest.mark.parametrize("command", ["show", "promote", "reconcile"])
def test_help_has_examples(world: World, command: str) -> None:
    ran = world.invoke("home", command, "--help").ok()
    assert f"deployer home {command}" in ran.out
    assert set(NAMES) & set(ran.out.replace(",", " ").split()) or command == "show"
