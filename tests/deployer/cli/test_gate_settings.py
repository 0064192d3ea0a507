"""The settings of the gate: what is refused, what a model inherits, and where each comes from."""

from pathlib import Path

import pytest

from deployer.config import load
from deployer.errors import UsageError
from deployer.gate.rules import Bound, rules_of
from deployer.settings import ChampionRule
from tests.deployer.registry.cli_kit import World

RULES = """
[gate]
min = { accuracy = 0.9, f1_macro = 0.85 }
min_recall = 0.7
min_class_recall = { Adelie = 0.9 }
max_calibration_error = 0.1
champion = { metric = "accuracy", margin = 0.01 }
data = "holdout.csv"
"""


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    return World(tmp_path, monkeypatch)


def refused(world: World, text: str, model: str = "m") -> str:
    world.settings(text)
    with pytest.raises(UsageError) as caught:
        rules_of(load().settings, model)
    assert caught.value.hint
    assert caught.value.where
    return f"{caught.value.where}: {caught.value.message} — {caught.value.hint}"


class TestRules:
    def test_everything(self, world: World) -> None:
        world.settings(RULES)
        rules = rules_of(load().settings, "m")
        assert rules is not None
        assert rules.bounds == (
            Bound("accuracy", "min", 0.9),
            Bound("f1_macro", "min", 0.85),
            Bound("calibration_error", "max", 0.1),
        )
        assert (rules.recall, rules.class_recall) == (0.7, {"Adelie": 0.9})
        assert rules.champion == ChampionRule(metric="accuracy", margin=0.01, confidence=0.95)
        assert (rules.use, rules.data) == ("value", Path("holdout.csv"))

    def test_none(self, world: World) -> None:
        world.settings('[gate]\nuse = "low"\nrequire_gate_for = ["champion"]\n')
        settings = load().settings
        assert rules_of(settings, "m") is None
        assert not settings.gated("m", "champion")

    def test_the_order_in_the_file_does_not_matter(self, world: World) -> None:
        found = []
        for text in ("accuracy = 0.9, f1_macro = 0.8", "f1_macro = 0.8, accuracy = 0.9"):
            world.settings(f"[gate]\nmin = {{ {text} }}\n")
            found.append(rules_of(load().settings, "m"))
        assert found[0] == found[1]

    @pytest.mark.parametrize(
        ("text", "named"),
        [
            ("min = { acuracy = 0.9 }", "accuracy"),
            ("max = { log_los = 1 }", "log_loss"),
            ('champion = { metric = "f1" , margin = 0.1 }\nmin = { f1macro = 1 }', "f1_macro"),
            ('champion = { metric = "acuracy" }', "accuracy"),
            ("min = { log_loss = 1 }", "write max = { log_loss = … }"),
            ("min = { calibration_error = 1 }", "write max = { calibration_error = … }"),
            ("max = { accuracy = 1 }", "write min = { accuracy = … }"),
        ],
    )
    def test_metrics(self, world: World, text: str, named: str) -> None:
        assert named in refused(world, f"[gate]\n{text}\n")
        assert named in refused(world, f"[models.m.gate]\n{text}\n")


class TestOfOneModel:
    def test_name_by_name(self, world: World) -> None:
        project = world.settings(
            f"{RULES}[models.m.gate]\nmin = {{ f1_macro = 0.5 }}\nmin_recall = 0\n"
            "champion = { margin = 0.02 }\n"
        )
        settings = load().settings
        mine, others = settings.gate_of("m"), settings.gate_of("x")
        assert mine.min == {"accuracy": 0.9, "f1_macro": 0.5}
        assert others.min == {"accuracy": 0.9, "f1_macro": 0.85}
        assert (mine.min_recall, others.min_recall) == (0, 0.7)
        assert mine.champion == ChampionRule("accuracy", 0.02, 0.95)
        assert mine.data == "holdout.csv"
        told = world.invoke("config", "show", "--origin", "-o", "json").ok().json
        assert told["models.m.gate.min.accuracy"] == {"value": 0.9, "origin": str(project)}
        assert told["models.m.gate.use"] == {"value": "value", "origin": "default"}

    def test_without_the_champion(self, world: World) -> None:
        world.settings(f"{RULES}[models.m.gate]\nchampion = false\n")
        settings = load().settings
        assert settings.gate_of("m").champion is False
        assert settings.gate_of("x").champion is not False

    def test_only_one_model_has_rules(self, world: World) -> None:
        world.settings("[models.m.gate]\nmin_recall = 0.5\n[models.n]\nresidency = []\n")
        settings = load().settings
        assert [settings.gated(name, "champion") for name in ("m", "n", "x")] == [
            True,
            False,
            False,
        ]

    def test_the_users_file_below_the_projects(self, world: World) -> None:
        world.settings("[gate]\nmin = { accuracy = 0.5, matthews = 0.5 }\n", user=True)
        world.settings("[gate]\nmin = { accuracy = 0.9 }\nchampion = false\n")
        assert load().settings.gate.min == {"accuracy": 0.9, "matthews": 0.5}

    def test_a_table_over_false_and_false_over_a_table(self, world: World) -> None:
        world.settings("[gate]\nchampion = false\n", user=True)
        world.settings('[gate]\nchampion = { metric = "accuracy" }\n')
        assert load().settings.gate.champion == ChampionRule("accuracy")
        world.settings('[gate]\nchampion = { metric = "accuracy" }\n', user=True)
        world.settings("[gate]\nchampion = false\n")
        assert load().settings.gate.champion is False


class TestAliases:
    def test_champion_alone_unless_others_are_named(self, world: World) -> None:
        world.settings("[gate]\nmin_recall = 0.5\n")
        settings = load().settings
        assert [settings.gated("m", each) for each in ("champion", "staging")] == [True, False]
        world.settings('[gate]\nmin_recall = 0.5\nrequire_gate_for = ["staging"]\n')
        settings = load().settings
        assert [settings.gated("m", each) for each in ("champion", "staging")] == [False, True]

    def test_by_variables(self, world: World) -> None:
        world.settings("[gate]\nmin_recall = 0.5\n")
        world.setenv({"DEPLOYER_GATE_REQUIRE_GATE_FOR": "a,b", "DEPLOYER_GATE_DATA": "x.csv"})
        gate = load().settings.gate
        assert (gate.require_gate_for, gate.data) == (["a", "b"], "x.csv")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("mins = { accuracy = 0.9 }", "'gate.min"),
        ("minrecall = 0.9", "'gate.min_recall'"),
        ("min = 0.9", "'gate.min' must be a table"),
        ("min = { accuracy = { x = 1 } }", "must not be a table"),
        ('min = { accuracy = "high" }', "accuracy"),
        ("min = { accuracy = nan }", "must be a number"),
        ("max = { log_loss = inf }", "must be a number"),
        ("min_recall = { Adelie = 0.9 }", "must not be a table"),
        ("min_recall = 1.5", "from 0 to 1"),
        ("min_class_recall = { Adelie = -1 }", "from 0 to 1"),
        ("max_calibration_error = 2", "from 0 to 1"),
        ("max_calibration_error = 0.1\nmax = { calibration_error = 0.1 }", "twice"),
        ("champion = true", "must be a table"),
        ('champion = "accuracy"', "must be a table"),
        ("champion = { metrics = 'accuracy' }", "'gate.champion.metric'"),
        ("champion = { margin = -0.1 }", "margin"),
        ("champion = { margin = inf }", "margin"),
        ("champion = { confidence = 1.0 }", "confidence"),
        ('use = "high"', "use"),
        ('require_gate_for = "champion"', "require_gate_for"),
        ('require_gate_for = ["latest"]', "latest"),
    ],
)
def test_refused(world: World, text: str, named: str) -> None:
    for table in ("gate", "models.m.gate"):
        path = world.settings(f"[{table}]\n{text}\n")
        error = world.invoke("config", "show").failed(2)
        assert named.replace("gate.", f"{table}.") in error
        assert path.name in error
