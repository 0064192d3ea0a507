"""`deployer promote` behind the gate, with real models: what passes, what is refused, what is kept."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from deployer.audit import read
from deployer.gate.evidence import RESAMPLES
from deployer.registry.publishing.publish import Facts, Request, publish
from tests.deployer.gate.gate_kit import CLOUDS, GOOD, OTHER, POOR, SEEN_BY_OTHER, Models
from tests.deployer.registry.cli_kit import Ran, World
from tests.deployer.registry.registry_kit import Silent, local_clouds, read_tree, sha256

ACCURATE = "[gate]\nmin = { accuracy = 0.9 }\n"
WITH_DATA = 'data = "holdout.csv"\n'
CHAMPION = 'champion = { metric = "accuracy", margin = 0.05 }\n'


def rules(world: World, text: str) -> None:
    world.local_clouds(*CLOUDS, more=text)


def stores(world: World) -> dict[str, bytes]:
    return read_tree(world.folder / "stores")


def record(world: World, cloud: str = "aws", alias: str = "champion") -> Any:
    path = world.store(cloud) / f"models/penguins/aliases/{alias}.json"
    return json.loads(path.read_bytes()) if path.exists() else None


def promoted(world: World, version: int, *more: str) -> Any:
    """Promote a version, and return the verdict that was stored."""
    ran = world.invoke("promote", f"penguins:{version}", *more, "-o", "json").ok()
    assert ran.json["version"] == version
    found = record(world)
    assert found["version"] == version
    assert found["verdict"] == ran.json["gate"]
    assert record(world, "gcp") == found
    return ran.json["gate"]


def refused(world: World, version: int, *more: str) -> str:
    before = stores(world)
    error = world.invoke("promote", f"penguins:{version}", *more).failed(5)
    assert stores(world) == before
    return error


def last_act(world: World) -> Any:
    return list(read(world.state / "audit.jsonl"))[-1]


def checked(world: World, version: int, *more: str) -> tuple[int, Any]:
    """Ask the gate only."""
    before = stores(world)
    ran = world.invoke("promote", f"penguins:{version}", "--check", *more, "-o", "json")
    assert stores(world) == before
    return ran.code, ran.json


def failing(verdict: Any) -> list[str]:
    return [each["name"] for each in verdict["rules"] if not each["passed"]]


class TestRecorded:
    def test_passed(self, world: World) -> None:
        rules(world, ACCURATE)
        verdict = promoted(world, GOOD)
        assert verdict["passed"]
        assert (verdict["basis"], verdict["data"]) == ("recorded", None)
        (rule,) = verdict["rules"]
        assert (rule["name"], rule["required"], rule["passed"]) == (
            "accuracy",
            "at least 0.9",
            True,
        )

    def test_refused(self, world: World, models: Models) -> None:
        rules(world, ACCURATE)
        error = refused(world, POOR)
        scores = json.loads((models.poor / "metrics.json").read_bytes())["scores"]
        seen = f"accuracy: {scores['accuracy']['value']:.4g}"
        assert f"the gate refuses penguins:2 for champion: {seen}" in error
        assert "at least 0.9" in error
        assert record(world) is None
        act = last_act(world)
        assert (act.act, act.outcome, act.model, act.version) == (
            "promote",
            "refused",
            "penguins",
            2,
        )
        assert act.digest == manifest_of(world, 2)
        assert seen in act.detail

    def test_the_rule_is_for_champion_alone(self, world: World) -> None:
        rules(world, ACCURATE)
        world.invoke("promote", f"penguins:{POOR}", "--to", "staging").ok()
        assert "verdict" not in record(world, alias="staging")
        rules(world, f'{ACCURATE}require_gate_for = ["staging"]\n')
        error = world.invoke("promote", f"penguins:{POOR}", "--to", "staging", "--check")
        assert error.code == 5
        world.invoke("promote", f"penguins:{POOR}").ok()

    def test_no_rules_no_verdict(self, world: World) -> None:
        ran = world.invoke("promote", f"penguins:{POOR}", "-o", "json").ok()
        assert "gate" not in ran.json
        assert "verdict" not in record(world)

    def test_a_version_without_metrics(self, world: World) -> None:
        rules(world, ACCURATE)
        world.model({"model.bin": b"1"})
        world.invoke("push", "model", "penguins").ok()
        assert "records no metrics" in refused(world, 4)
        rules(world, ACCURATE + WITH_DATA)
        assert "not a model package" in world.invoke("promote", "penguins:4").failed(6)


def manifest_of(world: World, version: int) -> str:
    path = world.store("aws") / f"models/penguins/versions/{version:08d}.json"
    found: str = json.loads(path.read_bytes())["manifest"]
    return found


class TestOnRows:
    def test_every_number_of_the_verdict(self, world: World, models: Models) -> None:
        rules(
            world, f"{ACCURATE}min_recall = 0.8\nmax_calibration_error = 0.2\n{WITH_DATA}{CHAMPION}"
        )
        verdict = promoted(world, GOOD)
        assert [each["name"] for each in verdict["rules"]] == [
            "accuracy",
            "calibration_error",
            "recall of every class",
            "champion by accuracy",
        ]
        rows = len(models.holdout.read_text().splitlines()) - 1
        assert (verdict["basis"], verdict["rows"], verdict["excluded"]) == ("data", rows, 0)
        assert verdict["data"] == sha256(models.holdout.read_bytes())
        assert (verdict["seed"], verdict["resamples"]) == (0, RESAMPLES)
        assert verdict["rules"][-1]["seen"] == "no champion yet"
        assert verdict["champion"] is None

    @pytest.mark.parametrize(
        ("rule", "named"),
        [
            ("min = { f1_macro = 0.9 }", "f1_macro"),
            ("max = { log_loss = 0.3 }", "log_loss"),
            ("max_calibration_error = 0.0001", "calibration_error"),
            ("min_recall = 0.5", "recall of every class: 0."),
            ("min_class_recall = { Adelie = 0.5 }", "recall of Adelie: 0."),
            (
                'use = "low"\nmin_class_recall = { Chinstrap = 0.999 }\nmin = { accuracy = 0.62 }',
                "low",
            ),
        ],
    )
    def test_each_rule_refuses(self, world: World, rule: str, named: str) -> None:
        rules(world, f"[gate]\n{rule}\n{WITH_DATA}")
        assert named in refused(world, POOR)

    def test_values_pass_where_intervals_do_not(self, world: World) -> None:
        rules(world, f"[gate]\nmin = {{ accuracy = 0.6 }}\n{WITH_DATA}")
        assert checked(world, POOR)[0] == 0
        rules(world, f'[gate]\nmin = {{ accuracy = 0.6 }}\nuse = "low"\n{WITH_DATA}')
        code, verdict = checked(world, POOR)
        assert (code, failing(verdict)) == (5, ["accuracy"])

    def test_rows_that_a_model_was_fitted_on_do_not_count(
        self, world: World, models: Models
    ) -> None:
        rules(world, ACCURATE)
        both = world.work / "both.csv"
        fitted = models.fitted.read_text().splitlines()
        held_out = models.holdout.read_text().splitlines()
        both.write_text("\n".join([*fitted, *held_out[1:]]) + "\n")
        _, verdict = checked(world, GOOD, "--data", "both.csv")
        # A held-out row may equal one that was fitted on.
        assert verdict["excluded"] >= len(fitted) - 1
        assert verdict["rows"] + verdict["excluded"] == len(fitted) + len(held_out) - 2
        _, alone = checked(world, GOOD, "--data", "holdout.csv")
        assert alone["rules"] == verdict["rules"]
        error = world.invoke("promote", f"penguins:{GOOD}", "--data", "fitted.csv").failed(2)
        assert "no row is left" in error

    def test_the_flag_wins_over_the_setting(self, world: World) -> None:
        rules(world, f'{ACCURATE}data = "nosuch.csv"\n')
        world.invoke("promote", f"penguins:{GOOD}").failed(6)
        assert checked(world, GOOD, "--data", "holdout.csv")[0] == 0

    @pytest.mark.parametrize(
        ("change", "named"),
        [
            (lambda text: text.replace("species", "kind"), "no column 'species'"),
            (lambda text: text.replace("bill_length_mm", "bill"), "bill_length_mm"),
            (lambda text: text.replace("Gentoo", "Gento"), "'Gento' is none of the model's classes"),
            (lambda text: text.splitlines()[0] + "\n", "holdout.csv"),
            (lambda text: text.replace("Adelie", "").replace("Gentoo", "").replace("Chinstrap", ""),
             "no row has a class"),
        ],
        ids=["no target", "no input", "unknown class", "no rows", "no labels"],
    )  # fmt: skip
    def test_rows_that_do_not_fit(self, world: World, change: Any, named: str) -> None:
        rules(world, ACCURATE + WITH_DATA)
        path = world.work / "holdout.csv"
        path.write_text(change(path.read_text()))
        before = stores(world)
        error = world.invoke("promote", f"penguins:{GOOD}").failed(2)
        assert named in error
        assert "deployer-gate-" not in error
        assert stores(world) == before

    def test_rows_without_a_class_are_left_out(self, world: World) -> None:
        rules(world, ACCURATE + WITH_DATA)
        path = world.work / "holdout.csv"
        lines = path.read_text().splitlines()
        lines[1] = lines[1].replace("Adelie", "NA")
        path.write_text("\n".join(lines) + "\n")
        assert checked(world, GOOD)[1]["rows"] == len(lines) - 2

    def test_nothing_is_left_behind(self, world: World, tmp_path: Path) -> None:
        rules(world, ACCURATE + WITH_DATA)
        scratch = tmp_path / "scratch"
        scratch.mkdir()
        world.patch.setattr("tempfile.tempdir", str(scratch))
        promoted(world, GOOD)
        assert not list(scratch.iterdir())


class TestChampion:
    def test_a_worse_one_is_refused(self, world: World) -> None:
        rules(world, f"[gate]\n{CHAMPION}{WITH_DATA}")
        promoted(world, GOOD)
        error = refused(world, POOR)
        assert "champion by accuracy: -0." in error
        assert "against version 1" in error

    def test_a_better_one_passes(self, world: World) -> None:
        rules(world, f"[gate]\n{CHAMPION}{WITH_DATA}")
        promoted(world, POOR)
        found = promoted(world, GOOD)["champion"]
        assert (found["version"], found["manifest"]) == (POOR, manifest_of(world, POOR))
        assert (found["metric"], found["confidence"]) == ("accuracy", 0.95)
        assert 0.1 < found["low"] <= found["value"] <= found["high"] < 0.9

    @pytest.mark.slow
    def test_the_difference_is_that_of_the_metrics(self, world: World) -> None:
        rules(world, f"[gate]\nmin = {{ accuracy = 0 }}\n{CHAMPION}{WITH_DATA}")
        seen = []
        for version in (POOR, GOOD):
            verdict = promoted(world, version)
            seen.append(float(verdict["rules"][0]["seen"]))
        assert verdict["champion"]["value"] == pytest.approx(seen[1] - seen[0], abs=1e-4)

    def test_one_as_good_passes_within_the_margin(self, world: World) -> None:
        rules(world, f"[gate]\n{CHAMPION}{WITH_DATA}")
        promoted(world, GOOD)
        assert promoted(world, OTHER)["champion"]["version"] == GOOD

    def test_rows_that_either_was_fitted_on_do_not_count(self, world: World) -> None:
        rules(world, f"[gate]\n{CHAMPION}{WITH_DATA}")
        assert checked(world, OTHER)[1]["excluded"] == SEEN_BY_OTHER
        assert promoted(world, GOOD)["excluded"] == 0
        assert promoted(world, OTHER)["excluded"] == SEEN_BY_OTHER
        assert checked(world, GOOD)[1]["excluded"] == SEEN_BY_OTHER
        left = checked(world, OTHER)[1]["rows"]
        rules(world, f"[gate]\nkeep_seen = true\n{CHAMPION}{WITH_DATA}")
        kept = checked(world, OTHER)[1]
        assert (kept["excluded"], kept["rows"]) == (None, left + SEEN_BY_OTHER)

    def test_the_same_twice(self, world: World) -> None:
        rules(world, f"[gate]\n{CHAMPION}{WITH_DATA}")
        promoted(world, GOOD)
        assert checked(world, POOR) == checked(world, POOR)

    @pytest.mark.slow
    def test_losses_count_the_other_way(self, world: World) -> None:
        rules(world, f'[gate]\nchampion = {{ metric = "log_loss", margin = 0.2 }}\n{WITH_DATA}')
        promoted(world, POOR)
        assert promoted(world, GOOD)["champion"]["low"] > 0
        refused(world, POOR)

    def test_without_rows(self, world: World) -> None:
        rules(world, f"[gate]\n{CHAMPION}")
        before = stores(world)
        error = world.invoke("promote", f"penguins:{GOOD}").failed(2)
        assert "labelled rows" in error
        assert "--data FILE" in error
        assert stores(world) == before

    def test_a_metric_of_two_classes(self, world: World) -> None:
        rules(world, f'[gate]\nchampion = {{ metric = "roc_auc" }}\n{WITH_DATA}')
        promoted(world, GOOD)
        assert "needs two classes" in refused(world, OTHER)

    def test_one_that_is_no_model_of_ours(self, world: World) -> None:
        world.model({"model.bin": b"1"})
        world.invoke("push", "model", "penguins:champion").ok()
        rules(world, f"[gate]\n{CHAMPION}{WITH_DATA}")
        error = refused(world, GOOD)
        assert "version 4 cannot be asked: not a model package" in error
        assert "--force" in error
        promoted(world, GOOD, "--force", "--reason", "the first real model")

    def test_one_of_another_format(self, world: World, models: Models) -> None:
        package = Path(shutil.copytree(models.good, world.work / "old"))
        document = json.loads((package / "model.json").read_bytes())
        (package / "model.json").write_text(json.dumps(document | {"format_version": 1}))
        request = Request(
            model="penguins",
            root=package,
            facts=Facts(),
            aliases=("champion",),
            clouds=local_clouds(world.folder / "stores", *CLOUDS),
            home=None,
            require=2,
            state=world.state,
        )
        publish(request, Silent())  # the command itself would refuse it
        rules(world, f"[gate]\n{CHAMPION}{WITH_DATA}")
        assert "version 4 cannot be asked: the model has format version 1" in refused(world, GOOD)

    @pytest.mark.slow
    def test_one_with_other_columns(self, world: World) -> None:
        rules(world, f"[gate]\n{CHAMPION}{WITH_DATA}")
        promoted(world, GOOD)
        path = world.work / "holdout.csv"
        path.write_text(path.read_text().replace(",sex", ",gender", 1))
        error = refused(world, OTHER)  # which does without that column
        assert "version 1 cannot be asked: the model needs column 'sex'" in error

    @pytest.mark.slow
    def test_one_whose_bytes_are_lost(self, world: World) -> None:
        rules(world, f"[gate]\n{CHAMPION}{WITH_DATA}")
        promoted(world, GOOD)
        model = world.work / "m"
        world.invoke("pull", f"penguins:{GOOD}", str(model), "--no-cache").ok()
        digest = sha256((model / "model.onnx").read_bytes())
        for cloud in CLOUDS:
            (world.store(cloud) / f"blobs/sha256/{digest[:2]}/{digest}").unlink()
        world.patch.setenv("XDG_CACHE_HOME", str(world.folder / "another"))
        assert "version 1 cannot be asked" in refused(world, OTHER)

    def test_taken_away_and_back(self, world: World) -> None:
        """Removing the alias is no way around the comparison."""
        rules(world, f"[gate]\n{CHAMPION}{WITH_DATA}")
        promoted(world, GOOD)
        world.invoke("alias", "rm", "penguins", "champion").ok()
        assert "against version 1" in refused(world, POOR)
        assert promoted(world, GOOD)["rules"][0]["seen"] == "it is the last champion itself"


class TestForce:
    def test_with_a_reason(self, world: World) -> None:
        rules(world, ACCURATE)
        ran = world.invoke(
            "promote", f"penguins:{POOR}", "--force", "--reason", "  the old one is down "
        ).ok()
        assert "forced: the old one is down" in ran.err
        verdict = record(world)["verdict"]
        assert (verdict["passed"], verdict["forced"]) == (False, True)
        assert verdict["reason"] == "the old one is down"
        assert failing(verdict) == ["accuracy"]
        act = last_act(world)
        assert (act.outcome, act.version) == ("done", POOR)
        assert "forced past the gate: the old one is down" in act.detail

    def test_what_passes_is_not_forced(self, world: World) -> None:
        rules(world, ACCURATE)
        verdict = promoted(world, GOOD, "--force", "--reason", "just in case")
        assert (verdict["passed"], verdict["forced"], verdict["reason"]) == (True, False, "")
        assert "forced" not in last_act(world).detail

    def test_what_cannot_be_judged(self, world: World) -> None:
        rules(world, f'{ACCURATE}data = "nosuch.csv"\n')
        verdict = promoted(world, GOOD, "--force", "--reason", "the rows are lost")
        assert (verdict["forced"], failing(verdict)) == (True, ["evidence"])

    @pytest.mark.parametrize(
        "more",
        [
            ["--force"],
            ["--force", "--reason", "  no  "],
            ["--force", "--reason", "x" * 501],
            ["--reason", "because of this"],
        ],
    )
    def test_misused(self, world: World, more: list[str]) -> None:
        rules(world, ACCURATE)
        before = stores(world)
        world.invoke("promote", f"penguins:{POOR}", *more).failed(2)
        world.invoke("alias", "set", "penguins", "champion", f"{POOR}", *more).failed(2)
        assert stores(world) == before

    @pytest.mark.parametrize(
        "more", [["--force", "--reason", "because"], ["--check"], ["--data", "x"]]
    )
    def test_nothing_to_force(self, world: World, more: list[str]) -> None:
        assert "nothing guards" in world.invoke("promote", f"penguins:{POOR}", *more).failed(2)


class TestCheck:
    def test_for_people(self, world: World) -> None:
        rules(world, f"{ACCURATE}min_recall = 0.5\n")
        ran = world.invoke("promote", f"penguins:{POOR}", "--check")
        assert ran.code == 5
        assert "at least 0.9" in ran.out
        assert "✗ fails" in ran.out
        assert "refused (0 of 2 rules hold" in ran.err
        ran = world.invoke("promote", f"penguins:{GOOD}", "--check").ok()
        assert "passed (2 of 2 rules hold" in ran.err
        assert record(world) is None


class TestRepeated:
    def test_a_follower_that_was_away(self, world: World) -> None:
        rules(world, f"[gate]\nmin = {{ accuracy = 0.9 }}\n{CHAMPION}{WITH_DATA}")
        away = world.store("gcp").rename(world.folder / "away")
        ran: Ran = world.invoke("promote", f"penguins:{GOOD}", "--require", "1", "-o", "json")
        assert ran.code == 10
        away.rename(world.store("gcp"))
        assert record(world, "gcp") is None
        rules(world, "[gate]\nmin = { accuracy = 1.0 }\n")  # what was decided is not judged again
        again = world.invoke("promote", f"penguins:{GOOD}", "-o", "json").ok().json
        assert (again["moved"], again["gate"]) == (False, ran.json["gate"])
        assert record(world, "gcp") == record(world, "aws")

    def test_broken_off_between_the_entry_and_the_alias(self, world: World) -> None:
        rules(world, f"[gate]\n{CHAMPION}{WITH_DATA}")
        promoted(world, GOOD)
        before = read_tree(world.folder / "stores")
        promoted(world, OTHER)
        wanted = record(world)
        for cloud in CLOUDS:
            path = world.store(cloud) / "models/penguins/aliases/champion.json"
            path.write_bytes(before[f"{cloud}/models/penguins/aliases/champion.json"])
        (world.store("gcp") / "models/penguins/aliases/champion.log/00000002.json").unlink()
        world.patch.setenv("XDG_STATE_HOME", str(world.folder / "another"))
        promoted(world, OTHER)
        assert record(world) == wanted
        assert record(world)["seq"] == 2

    def test_somebody_else_moved_it_meanwhile(self, world: World) -> None:
        """The comparison was with the champion before: it must be made again."""
        rules(world, f"[gate]\n{CHAMPION}{WITH_DATA}")
        promoted(world, POOR)
        before = read_tree(world.folder / "stores")
        promoted(world, GOOD)
        # As if GOOD had been entered while POOR still was what is compared with.
        for cloud in CLOUDS:
            path = world.store(cloud) / "models/penguins/aliases/champion.json"
            path.write_bytes(before[f"{cloud}/models/penguins/aliases/champion.json"])
        world.patch.setenv("XDG_STATE_HOME", str(world.folder / "another"))
        error = world.invoke("promote", f"penguins:{OTHER}").failed(1)
        assert "moved it to version 1 meanwhile" in error
        assert record(world)["version"] == GOOD
        assert promoted(world, OTHER)["champion"]["version"] == GOOD
