"""``deployer review``, from a program to an exit code; ``plan`` and ``cost``, where they refuse."""

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from deployer.cli.cost import cost
from deployer.cli.plan import plan
from deployer.cli.review import review

# Without a provider's package, whose import takes longer than all else.
PROGRAM = """
import pulumi

pulumi.CustomResource("aws:s3/bucket:Bucket", "models", {"bucket": "penguins", "tags": TAGS})
pulumi.CustomResource("aws:sns/topic:Topic", "told", {"password": "hunter2-correct-horse"})
"""
TAGS = '{"owner": "me", "model": "m", "residency": "eu"}'


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    for name in ("DEPLOYER_OUTPUT", "DEPLOYER_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def write(folder: Path, tags: str = TAGS, more: str = "") -> str:
    path = folder / "shop.py"
    path.write_text(PROGRAM.replace("TAGS", tags) + more)
    return "shop.py"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(review, arguments, catch_exceptions=False)


def refused(result: Result, code: int, *words: str) -> None:
    """Expect one clear line on stderr, and no traceback."""
    assert result.exit_code == code, result.output
    lines = result.stderr.strip().splitlines()
    assert len(lines) == 1, lines
    assert lines[0].startswith("error: ")
    for word in words:
        assert word in lines[0]


def test_a_program_is_reviewed_and_compared_with_the_last_review(folder: Path) -> None:
    path = write(folder)
    first = run(path, "--fail-on", "none")
    assert first.exit_code == 0
    assert re.search(r"\+ aws:s3:Bucket  models +shop.py:4", first.stdout)
    assert "hunter2" not in first.output
    assert "nothing to compare with" in first.stdout

    same = run(path, "--fail-on", "none", "--expect-no-changes")
    assert same.exit_code == 0
    assert "no changes, against the review of 20" in same.stdout

    write(folder, TAGS.replace('"me"', '"you"'))
    changed = run(path, "--fail-on", "none", "--expect-no-changes", "--no-save", "-o", "json")
    assert changed.exit_code == 7
    document = json.loads(changed.stdout)
    (update,) = [each for each in document["parts"][0]["changes"] if each["kind"] == "update"]
    assert update["properties"] == [
        {"path": "tags.owner", "kind": "change", "old": "me", "new": "you"}
    ]
    # A policy that is broken goes before changes that must not be.
    assert document["failed"] is False
    assert run(path, "--expect-no-changes", "-o", "json").exit_code == 5


def test_every_format_goes_to_a_file(folder: Path) -> None:
    path = write(folder)
    begin = {"table": "shop", "markdown": "<!-- deployer review -->", "svg": "<svg ", "sarif": "{"}
    for name, start in begin.items():
        result = run(path, "-o", name, "--out", f"out.{name}", "--against", "none")
        assert result.exit_code == 5
        assert result.stdout == ""
        text = (folder / f"out.{name}").read_text()
        assert text.startswith(start)
        assert "hunter2" not in text
        assert "\x1b" not in text
    assert sorted(each.name for each in folder.glob(".*new")) == []


def test_an_exported_state_is_what_is_compared_with(folder: Path) -> None:
    path = write(folder)
    urn = "urn:pulumi:prod::shop::aws:s3/bucket:Bucket::"
    entry = {"custom": True, "type": "aws:s3/bucket:Bucket", "id": "i"}
    resources = [
        {**entry, "urn": f"{urn}models", "inputs": {"bucket": "other"}, "protect": True},
        {**entry, "urn": f"{urn}gone", "inputs": {}},
    ]
    state = {"version": 3, "deployment": {"manifest": {}, "resources": resources}}
    (folder / "state.json").write_text(json.dumps(state))
    result = run(path, "--state", "state.json", "-o", "json", "--fail-on", "none")
    (part,) = json.loads(result.stdout)["parts"]
    kinds = {each["name"]: each["kind"] for each in part["changes"]}
    assert kinds == {"models": "replace", "told": "create", "gone": "delete"}
    assert part["against"] == "state.json"


def test_an_exception_of_the_program_is_shown_as_its_own(folder: Path) -> None:
    path = write(folder, more="\nraise ValueError('no such colour')\n")
    refused(run(path), 1, "shop.py", "no such colour", "the program's own")


def test_what_cannot_be_meant_is_refused_in_one_line(folder: Path) -> None:
    path = write(folder)
    refused(run("nowhere/"), 6, "nowhere", "no such program")
    refused(run(path, "--state", "a", "--against", "last"), 2, "exclude each other")
    refused(run(path, "--state", "a.json"), 6, "a.json")
    refused(run(path, "--out", "none/x"), 2, "mkdir -p")
    refused(run(path, "--out", str(folder)), 2, "a folder")
    refused(run(path, "--assume", "rows=1"), 2, "--assume", "requests")
    refused(run(path, "--assume", "requests=many"), 2, "--assume")
    refused(run(path, "--prices", "none.json"), 2, "--prices", "none.json")
    assert run(path, "-o", "yaml").exit_code == 2


def test_plan_and_cost_say_which_setting_is_missing(folder: Path) -> None:
    for command in (plan, cost):
        result = CliRunner().invoke(command, ["--clouds", "aws"], catch_exceptions=False)
        refused(result, 2, "[infra] model")
        assert CliRunner().invoke(command, ["--clouds", "mars"]).exit_code == 2
    assert CliRunner().invoke(cost, ["-o", "svg"]).exit_code == 2


def test_a_suppression_of_no_rule_is_refused(folder: Path) -> None:
    (folder / "deployer.toml").write_text(
        '[[infra.suppress]]\nrule = "XYZ1"\nresource = "*"\nreason = "r"\nuntil = "2027-01-01"\n'
    )
    refused(run(write(folder)), 2, "[[infra.suppress]]", "XYZ1")
