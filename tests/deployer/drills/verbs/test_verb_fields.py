"""What each verb demands of its fields: a mistake is one line that names the place."""

from typing import Any, get_args

import msgspec
import pytest

from deployer.drills.scenario.load import dump, parse
from deployer.drills.scenario.model import Scenario
from deployer.drills.verbs.catalog import Step
from deployer.errors import UsageError

pytest.importorskip("yaml")

LEAST: dict[str, dict[str, Any]] = {
    "accept": {"versions": [1, 2]},
    "answered": {},
    "ask": {},
    "begin": {"label": "first", "command": ["push"], "request": {"methods": ["PUT"]}},
    "collector": {"cloud": "aws"},
    "disturb": {"target": "store:aws", "rule": {"effect": "reset"}, "name": "broken"},
    "finish": {"label": "first"},
    "forget": {},
    "freeze": {"target": "router"},
    "holds": {},
    "idle": {"target": "endpoint:primary"},
    "kill": {"target": "endpoint:primary"},
    "kill-every": {},
    "litter": {},
    "lose": {"cloud": "aws"},
    "mark": {"label": "before"},
    "mend": {},
    "noticed": {},
    "observe": {"seconds": 1.5},
    "race": {"held": ["push"], "meanwhile": ["push"], "request": {"methods": ["PUT"]}},
    "remember": {"cloud": "aws", "prefix": "models/", "label": "old"},
    "replay": {"cloud": "aws", "prefix": "models/", "label": "old"},
    "requests": {"target": "store:aws", "since": "before", "match": "/blobs/"},
    "resumed": {"target": "store:aws", "package": 1, "begun": "first", "since": "second"},
    "run": {"command": ["verify"]},
    "start": {"target": "router"},
    "struck": {"fault": "store:aws"},
    "tamper": {"cloud": "aws", "what": "manifest", "how": "flip"},
    "traffic": {"target": "store:aws", "since": "before"},
    "unfinished": {},
    "wipe": {"cloud": "aws"},
}
"""Verb → the fields without which it makes no sense."""

ONLY_LOOK = {
    "accept", "answered", "ask", "disturb", "holds", "idle", "mark", "mend", "noticed", "observe",
    "remember", "requests", "resumed", "run", "struck", "traffic", "unfinished",
}  # fmt: skip
"""Those that change nothing that is stored, nor who runs; ``run`` with this command."""

FRAME = {"name": "mine", "title": "Mine", "why": "Because.", "must": "Hold."}
WHERE = "own.yaml"


def read(*steps: dict[str, Any]) -> Scenario:
    """Read a scenario with these steps, each on a line of its own from the sixth on."""
    lines = [f"{name}: {value}" for name, value in FRAME.items()]
    lines += ["method:", *(f"  - {msgspec.json.encode(step).decode()}" for step in steps)]
    return parse("\n".join(lines) + "\n", WHERE)


def refused(step: dict[str, Any]) -> str:
    """Return what is said of a step that is wrong; it is the second of two."""
    with pytest.raises(UsageError) as caught:
        read({"do": "observe", "seconds": 1}, step)
    error = caught.value
    assert error.where == f"{WHERE}:7"
    assert "\n" not in str(error)
    assert error.hint
    return error.message


def test_every_verb_is_looked_at_here() -> None:
    tags = {str(each.__struct_config__.tag) for each in get_args(Step)}
    assert LEAST.keys() == tags
    assert len(tags) == len(get_args(Step))


@pytest.mark.parametrize("verb", LEAST)
def test_what_is_read_is_what_was_written(verb: str) -> None:
    scenario = read({"do": verb, **LEAST[verb]})
    [step] = scenario.method
    assert step.words == verb
    assert step.writes == (verb not in ONLY_LOOK)
    assert parse(dump(scenario), WHERE) == scenario
    [noted] = read({"do": verb, **LEAST[verb], "note": "for people"}).method
    assert noted.words == "for people"


@pytest.mark.parametrize(
    ("verb", "field"), [(verb, field) for verb, least in LEAST.items() for field in least]
)
def test_a_field_that_is_missing_is_named(verb: str, field: str) -> None:
    less = {name: value for name, value in LEAST[verb].items() if name != field}
    assert f"`{field}`" in refused({"do": verb, **less})


@pytest.mark.parametrize("verb", LEAST)
def test_a_field_too_many_is_named(verb: str) -> None:
    assert "`labell`" in refused({"do": verb, **LEAST[verb], "labell": "x"})


@pytest.mark.parametrize(
    ("verb", "wrong", "said"),
    [
        ("accept", {"versions": "1"}, "array"),
        ("answered", {"requests": "many"}, "int"),
        ("ask", {"status": "200"}, "int"),
        ("ask", {"lasting": "long"}, "float"),
        ("disturb", {"rule": {"effect": "explode"}}, "explode"),
        ("disturb", {"rule": {"effect": "drip", "rat": 1}}, "`rat`"),
        ("disturb", {"rule": {"effect": "reset", "match": {"method": "PUT"}}}, "`method`"),
        ("holds", {"versions": ["one"]}, "int"),
        ("idle", {"seconds": None}, "float"),
        ("kill-every", {"stride": 1.5}, "int"),
        ("observe", {"seconds": "soon"}, "float"),
        ("race", {"request": "PUT"}, "object"),
        ("run", {"command": "verify"}, "array"),
        ("run", {"exit": 1}, "array"),
        ("run", {"kill": {"larger": "big"}}, "int"),
        ("start", {"variables": {"A": 1}}, "str"),
        ("tamper", {"how": "burn"}, "burn"),
        ("traffic", {"most": "few"}, "int"),
        ("unfinished", {"clouds": "aws"}, "array"),
    ],
)
def test_a_value_of_another_kind_is_refused(verb: str, wrong: dict[str, Any], said: str) -> None:
    assert said in refused({"do": verb, **LEAST[verb], **wrong})


@pytest.mark.parametrize(
    ("verb", "field"),
    [
        ("run", "says"),
        ("run", "never"),
        ("finish", "says"),
        ("start", "refused"),
        ("requests", "match"),
    ],
)
def test_what_is_no_regular_expression_is_refused(verb: str, field: str) -> None:
    assert "no regular expression" in refused({"do": verb, **LEAST[verb], field: "(["})


@pytest.mark.parametrize("verb", ["run", "begin"])
def test_a_command_without_words_is_refused(verb: str) -> None:
    assert "the command has no words" in refused({"do": verb, **LEAST[verb], "command": []})


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"at": []}, "nothing is to be killed"),
        ({"when": []}, "nothing is to be killed"),
        ({"when": ["later"]}, "later"),
        ({"stride": 0}, "1 or more"),
        ({"lanes": 0}, "1 or more"),
    ],
)
def test_killing_nothing_or_for_ever_is_refused(wrong: dict[str, Any], said: str) -> None:
    assert said in refused({"do": "kill-every", **wrong})


@pytest.mark.parametrize("how", ["", "files", "file:", "alias:", "key:"])
def test_what_is_nothing_to_tamper_with_is_refused(how: str) -> None:
    step = {"do": "tamper", **LEAST["tamper"], "what": how}
    assert "write file:PATH, manifest, version, alias:NAME or key:KEY" in refused(step)


@pytest.mark.parametrize(
    ("command", "writes"),
    [("verify", False), ("pull", False), ("push", True), ("repair", True), ("promote", True)],
)
def test_which_commands_may_change_something(command: str, writes: bool) -> None:
    [step] = read({"do": "run", "command": [command]}).method
    assert step.writes is writes
