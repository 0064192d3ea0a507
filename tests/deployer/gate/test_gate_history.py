"""What becomes of a verdict: shown, restored by a rollback, signed, and no way around the gate."""

import json
from typing import Any

import pytest

from deployer.audit import read
from tests.deployer.gate.gate_kit import CLOUDS, GOOD, OTHER, POOR, Models
from tests.deployer.registry.cli_kit import World
from tests.deployer.registry.registry_kit import read_tree

ACCURATE = "[gate]\nmin = { accuracy = 0.9 }\n"
WHY = "the old one is down"
FORCE = ("--force", "--reason", WHY)


def rules(world: World, text: str = ACCURATE) -> None:
    world.local_clouds(*CLOUDS, more=text)


def record(world: World, alias: str = "champion") -> Any:
    path = world.store("aws") / f"models/penguins/aliases/{alias}.json"
    return json.loads(path.read_bytes())


def history(world: World) -> list[tuple[int, Any]]:
    told = world.invoke("history", "penguins@champion", "-o", "json").ok().json
    return [(each["to"], each["gate"]) for each in told]


@pytest.fixture
def moved(world: World) -> World:
    """Return a world in which champion went to GOOD, then by force to POOR, then to OTHER."""
    rules(world)
    world.invoke("promote", f"penguins:{GOOD}").ok()
    world.invoke("promote", f"penguins:{POOR}", *FORCE).ok()
    world.invoke("promote", f"penguins:{OTHER}").ok()
    return world


class TestRollback:
    def test_the_verdict_comes_back(self, moved: World) -> None:
        entries = dict(history(moved))
        moved.invoke("rollback", "penguins").ok()
        assert record(moved)["version"] == POOR
        assert record(moved)["verdict"] == entries[POOR]
        moved.invoke("rollback", "penguins").ok()
        assert record(moved)["version"] == GOOD
        assert record(moved)["verdict"] == entries[GOOD]
        assert entries[GOOD]["passed"]
        assert not entries[POOR]["passed"]

    def test_to_a_version_that_was_never_there(self, moved: World, models: Models) -> None:
        moved.invoke("push", str(models.poor), "penguins").ok()  # the same content: no new version
        moved.model({"model.bin": b"1"})
        moved.invoke("push", "model", "penguins").ok()
        before = read_tree(moved.folder / "stores")
        error = moved.invoke("rollback", "penguins", "--to", "4").failed(5)
        assert "deployer promote penguins:4 --to champion" in error
        assert read_tree(moved.folder / "stores") == before

    def test_from_before_there_were_rules(self, world: World) -> None:
        rules(world, "")
        world.invoke("promote", f"penguins:{POOR}").ok()
        world.invoke("promote", f"penguins:{GOOD}").ok()
        rules(world)
        world.invoke("rollback", "penguins").ok()
        assert "verdict" not in record(world)


class TestShown:
    def test_history(self, moved: World) -> None:
        moved.invoke("rollback", "penguins").ok()
        told = history(moved)
        assert [version for version, _ in told] == [POOR, OTHER, POOR, GOOD]
        assert [gate["passed"] for _, gate in told] == [False, True, False, True]
        assert told[0][1]["reason"] == WHY
        out = moved.invoke("history", "penguins@champion").ok().out
        assert out.count("passed") == 2
        assert out.count(f"forced: {WHY}") == 2
        latest = moved.invoke("history", "penguins@latest", "-o", "json").ok().json
        assert {each["gate"] for each in latest} == {None}

    def test_show_what_an_alias_points_at(self, moved: World, models: Models) -> None:
        told = moved.invoke("show", f"penguins:{OTHER}", "-o", "json").ok().json
        assert told["gate"] == {"champion": record(moved)["verdict"]}
        out = moved.invoke("show", f"penguins:{OTHER}").ok().out
        rows = json.loads((models.other / "metrics.json").read_bytes())["rows"]
        assert f"champion: passed (1 of 1 rules hold, on {rows} rows held out at training)" in out
        assert "at least 0.9" in out
        assert "✓ holds" in out

    def test_show_what_was_moved_on_from(self, moved: World) -> None:
        told = moved.invoke("show", f"penguins:{POOR}", "-o", "json").ok().json
        assert told["aliases"] == []
        assert told["gate"]["champion"]["reason"] == WHY
        out = moved.invoke("show", f"penguins:{POOR}").ok().out
        assert f"champion: forced: {WHY}" in out
        assert "✗ fails" in out

    def test_nothing_to_show(self, world: World) -> None:
        assert world.invoke("show", f"penguins:{GOOD}", "-o", "json").ok().json["gate"] == {}
        rules(world)
        assert world.invoke("show", f"penguins:{GOOD}", "-o", "json").ok().json["gate"] == {}

    def test_a_reason_cannot_speak_to_the_terminal(self, world: World) -> None:
        rules(world)
        evil = "\x1b[2Jhello\x07"
        world.invoke("promote", f"penguins:{POOR}", "--force", "--reason", evil).ok()
        for command in (["history", "penguins"], ["show", f"penguins:{POOR}"]):
            ran = world.invoke(*command).ok()
            assert "hello" in ran.out
            assert "\x1b" not in ran.out + ran.err
            assert "\x07" not in ran.out + ran.err

    def test_a_verdict_of_a_newer_deployer(self, moved: World) -> None:
        """It is evidence only: nobody is kept from the version."""
        for cloud in CLOUDS:
            for name in ("champion.json", "champion.log/00000003.json"):
                path = moved.store(cloud) / "models/penguins/aliases" / name
                document = json.loads(path.read_bytes())
                document["verdict"] = {"found": ["something", {"else": 1}]}
                text = json.dumps(document, sort_keys=True, separators=(",", ":"))
                path.write_text(text, "utf-8")
        moved.patch.setenv("XDG_STATE_HOME", str(moved.folder / "another"))
        moved.invoke("show", "penguins@champion").ok()
        assert "of a newer deployer" in moved.invoke("history", "penguins@champion").ok().out
        moved.invoke("pull", "penguins@champion", "out").ok()


class TestNoWayAround:
    def test_alias_set(self, moved: World) -> None:
        before = read_tree(moved.folder / "stores")
        error = moved.invoke("alias", "set", "penguins", "champion", f"{POOR}").failed(5)
        assert f"deployer promote penguins:{POOR} --to champion" in error
        assert read_tree(moved.folder / "stores") == before
        act = list(read(moved.state / "audit.jsonl"))[-1]
        assert (act.act, act.outcome) == ("alias set", "refused")
        moved.invoke("alias", "set", "penguins", "staging", f"{POOR}").ok()

    def test_alias_set_by_force(self, moved: World) -> None:
        moved.invoke("alias", "set", "penguins", "champion", f"{POOR}", *FORCE).ok()
        verdict = record(moved)["verdict"]
        assert (verdict["forced"], verdict["reason"], verdict["basis"]) == (True, WHY, "none")
        assert "not judged" in moved.invoke("show", f"penguins:{POOR}").ok().out
        assert WHY in list(read(moved.state / "audit.jsonl"))[-1].detail

    def test_alias_set_to_where_it_is(self, moved: World) -> None:
        """Such as to expire later: the version was judged, and stays so."""
        verdict = record(moved)["verdict"]
        ran = moved.invoke(
            "alias", "set", "penguins", "champion", f"{OTHER}", "--expires", "30d", "-o", "json"
        ).ok()
        assert ran.json["moved"]
        assert record(moved)["verdict"] == verdict
        moved.invoke(
            "alias", "set", "penguins", "champion", f"{OTHER}", "--expires", "60d", *FORCE
        ).ok()
        assert record(moved)["verdict"] == verdict
        assert WHY not in list(read(moved.state / "audit.jsonl"))[-1].detail

    def test_push_with_the_alias(self, world: World, models: Models) -> None:
        rules(world)
        before = read_tree(world.folder / "stores")
        for more in (["penguins:champion"], ["penguins", "--alias", "champion"]):
            error = world.invoke("push", str(models.poor), *more).failed(5)
            assert "deployer promote penguins --to champion" in error
            world.invoke("push", str(models.poor), *more, "--dry-run").failed(5)
        assert read_tree(world.folder / "stores") == before
        world.invoke("push", str(models.poor), "penguins:staging").ok()
        world.invoke("push", str(models.poor), "walrus").ok()


class TestSigned:
    @pytest.fixture
    def signed(self, world: World) -> World:
        world.invoke("key", "new", "release.pem").ok()
        rules(
            world,
            f'{ACCURATE}[signing]\nmode = "key"\nprivate_key = "release.pem"\n'
            'public_keys = ["release.pem.pub"]\nrequire_signed_aliases = true\n',
        )
        world.invoke("promote", f"penguins:{POOR}", *FORCE).ok()
        return world

    def test_a_verdict_that_was_changed_is_refused(self, signed: World) -> None:
        signed.invoke("pull", "penguins@champion", "before").ok()
        for cloud in CLOUDS:
            path = signed.store(cloud) / "models/penguins/aliases/champion.json"
            body = path.read_bytes()
            changed = body.replace(b'"forced":true', b'"forced":false')
            assert changed != body
            path.write_bytes(changed)
        signed.patch.setenv("XDG_STATE_HOME", str(signed.folder / "another"))
        assert "signature" in signed.invoke("pull", "penguins@champion", "out").failed(11)
        assert not (signed.work / "out").exists()

    def test_a_champion_whose_record_is_forged_is_not_compared_with(self, signed: World) -> None:
        path = signed.work / "deployer.toml"
        path.write_text(
            path.read_text().replace(
                "[gate]\n", '[gate]\ndata = "holdout.csv"\nchampion = { metric = "accuracy" }\n'
            )
        )
        for cloud in CLOUDS:
            for name in ("champion.json", "champion.log/00000001.json"):
                record = signed.store(cloud) / "models/penguins/aliases" / name
                record.write_bytes(record.read_bytes().replace(b'"forced":true', b'"forced":false'))
        signed.patch.setenv("XDG_STATE_HOME", str(signed.folder / "another"))
        error = signed.invoke("promote", f"penguins:{GOOD}").failed(5)
        assert "version 2 cannot be asked" in error
        assert "signature" in error


def test_metrics_are_shown_as_tables(world: World, models: Models) -> None:
    out = world.invoke("show", f"penguins:{POOR}").ok().out
    metrics = json.loads((models.poor / "metrics.json").read_bytes())
    lines = [line.split() for line in out.splitlines()]
    assert f"on {metrics['rows']} held-out rows" in out
    for name, score in metrics["scores"].items():
        if score["value"] is not None:
            assert [name, f"{score['value']:.4f}"] in [line[:2] for line in lines]
    for each, counts in zip(metrics["classes"], metrics["confusion"], strict=True):
        numbers = [f"{each[name]:.4f}" for name in ("precision", "recall", "f1")]
        assert [each["label"], str(each["support"]), *numbers] in [line[:5] for line in lines]
        assert [each["label"], *map(str, counts)] in lines
    assert "scores.accuracy" not in out
