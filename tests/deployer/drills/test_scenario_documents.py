"""Scenarios are checked strictly, and a mistake is told with its line."""

import json
from pathlib import Path

import msgspec
import pytest

from deployer.drills.scenario.load import builtin, builtin_files, dump, find, parse, read, schema
from deployer.drills.scenario.model import Scenario
from deployer.errors import MissingError, UsageError

jsonschema = pytest.importorskip("jsonschema")
yaml = pytest.importorskip("yaml")

LEAST = """\
name: mine
title: Mine
why: Because.
must: Hold.
method:
  - {do: observe, seconds: 1}
"""


def test_all_twenty_three_are_there_in_order() -> None:
    assert [scenario.number for scenario in builtin()] == list(range(1, 24))


@pytest.mark.parametrize("path", builtin_files(), ids=lambda path: path.stem)
def test_each_is_named_by_its_file_and_says_what_it_proves(path: Path) -> None:
    scenario = read(path)
    assert path.stem == f"{scenario.number:02d}-{scenario.name}"
    for text in (scenario.title, scenario.why, scenario.must, scenario.scope, scenario.excluded):
        assert text.strip()
    assert scenario.protects
    assert scenario.objectives.rpo == 0
    jsonschema.validate(yaml.safe_load(path.read_text("utf-8")), schema())


def test_by_name_number_and_path(tmp_path: Path) -> None:
    assert find("bucket-gone")[0].number == 1
    assert find("12")[0].name == "green-but-broken"
    file = tmp_path / "own.yaml"
    file.write_text(LEAST, "utf-8")
    assert find(str(file)) == (parse(LEAST, ""), LEAST)


def test_an_unknown_name_gets_a_suggestion() -> None:
    with pytest.raises(MissingError) as caught:
        find("bucket-gnoe")
    assert "bucket-gone" in caught.value.hint


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        (LEAST + "metod: []\n", 1, "unknown field `metod`"),
        (LEAST.replace("seconds: 1", "seconds: soon"), 6, "float"),
        (LEAST.replace("observe", "obsreve"), 6, "obsreve"),
        (LEAST + "load:\n  rate: fast\n", 8, "float"),
        (LEAST + "  - {do: kill}\n", 7, "target"),
        (LEAST.replace("why: Because.\n", ""), 1, "why"),
        ("name: [\n", 2, "YAML"),
        (LEAST + "load: {\n", 8, "YAML"),
    ],
)
def test_a_mistake_is_told_with_its_line(text: str, line: int, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(text, "own.yaml")
    assert caught.value.where == f"own.yaml:{line}"
    assert said in caught.value.message


@pytest.mark.parametrize(
    ("estate", "said"),
    [
        ("{clouds: [aws], endpoints: [{name: a, cloud: gcp}]}", "has not"),
        ("{endpoints: [{name: a}, {name: a}]}", "one name"),
        ("{named: true}", "by number"),
    ],
)
def test_names_that_contradict_each_other(estate: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        parse(f"{LEAST}estate: {estate}\n", "own.yaml")


@pytest.mark.parametrize("scenario", builtin(), ids=lambda scenario: scenario.name)
def test_what_is_dumped_is_read_the_same(scenario: Scenario) -> None:
    assert parse(dump(scenario), "") == scenario


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(schema())
    assert "bucket" in json.dumps(msgspec.to_builtins(builtin()[0]))
