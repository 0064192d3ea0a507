"""``deployer plan`` and ``deployer cost`` with our own programs."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from benchmarks.reviewing import SETTINGS
from deployer.cli.cost import cost
from deployer.cli.plan import plan


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("DEPLOYER_OUTPUT", raising=False)
    (tmp_path / "deployer.toml").write_text(SETTINGS)
    return tmp_path


def run(*arguments: str) -> Result:
    options = ("--timeout", "240", *arguments)
    return CliRunner().invoke(plan, options, catch_exceptions=False)


def setting(folder: Path, line: str) -> None:
    text = SETTINGS.replace('owner = "ml-team"', f'owner = "ml-team"\n{line}')
    (folder / "deployer.toml").write_text(text)


@pytest.mark.slow
def test_a_plan_is_compared_with_the_last_one_property_by_property(folder: Path) -> None:
    first = run("--clouds", "aws")
    assert first.exit_code == 0, first.output
    assert "infra/aws/" in first.stdout
    again = run("--clouds", "aws", "--expect-no-changes")
    assert again.exit_code == 0, again.output
    setting(folder, "memory = 4096")
    changed = run("--clouds", "aws", "--expect-no-changes", "--no-save", "-o", "json")
    assert changed.exit_code == 7, changed.output
    (part,) = json.loads(changed.stdout)["parts"]
    moved = [each for each in part["changes"] if each["kind"] != "same"]
    assert {each["kind"] for each in moved} == {"update"}
    paths = {change["path"]: change for each in moved for change in each["properties"]}
    assert (paths["memorySize"]["old"], paths["memorySize"]["new"]) == (2048, 4096)
    # Of a region outside of the binding the policy speaks first.
    setting(folder, "")
    text = (folder / "deployer.toml").read_text().replace("eu-central-1", "us-east-1")
    (folder / "deployer.toml").write_text(text)
    refused = run("--clouds", "aws", "--expect-no-changes")
    assert refused.exit_code == 5, refused.output
    assert "RES001" in refused.stdout


@pytest.mark.slow
def test_every_cloud_passes_and_they_do_not_differ(folder: Path) -> None:
    result = run("--clouds", "aws,gcp,azure", "-o", "json", "--out", "plan.json")
    assert result.exit_code == 0, result.output
    document = json.loads((folder / "plan.json").read_text())
    assert [part["name"] for part in document["parts"]] == ["aws", "gcp", "azure"]
    assert [part.get("findings", []) for part in document["parts"]] == [[], [], []]
    assert document["findings"] == []
    assert document["cost"].get("not_estimated", {}) == {}
    assert all(amount > 1 for amount in document["cost"]["clouds"].values())
    # What was written can be compared with.
    same = run("--clouds", "gcp", "--against", "plan.json", "--expect-no-changes", "--no-save")
    assert same.exit_code == 0, same.output
    assert "against plan.json" in same.stdout


@pytest.mark.slow
def test_cost_of_a_cloud_follows_the_assumptions(folder: Path) -> None:
    arguments = ["--clouds", "aws", "-o", "json"]
    totals = []
    for requests in ("1000000", "9000000"):
        result = CliRunner().invoke(
            cost, [*arguments, "--assume", f"requests={requests}"], catch_exceptions=False
        )
        assert result.exit_code == 0, result.output
        totals.append(json.loads(result.stdout)["total"])
    assert totals[1] > totals[0] > 0
