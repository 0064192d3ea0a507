"""Many drills together."""

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from deployer.drills.report.build import build
from deployer.drills.report.summary import (
    Outcome,
    check_summary,
    read_summary,
    summarise,
    summary_schema,
    write_summary,
)
from deployer.drills.report.summary_texts import summary_lines, summary_words
from deployer.drills.report.write import write_all
from deployer.errors import ExitCode
from tests.deployer.drills.report.evidence_kit import Story, write
from tests.deployer.reports.page_kit import read_page


@pytest.fixture
def outcomes(tmp_path: Path) -> list[Outcome]:
    found = []
    for story in (
        Story(rate=10),
        Story(rate=10, outage=1.0, name="wrong-digest", number=13),
        Story(endpoints=False, name="own", number=0, rto=20.0),
    ):
        folder = write(tmp_path / story.name, story)
        found.append(Outcome(story.name, story.name, write_all(folder, build(folder), signer=None)))
    return [*found, Outcome("no-disk", "no-disk", None, "the emulator of aws did not start")]


def test_a_summary_tells_which_failed(outcomes: list[Outcome], tmp_path: Path) -> None:
    found = summarise(outcomes, tmp_path)
    assert not found.passed
    assert [each.state for each in found.drills] == ["passed", "failed", "passed", "broken"]
    assert found.drills[1].missed == ("max_failed",)
    assert summary_words(found).startswith("2 of 4 drills failed: wrong-digest, no-disk; ")
    assert found.protections == ("retries", "verification")
    good = summarise(outcomes[:1], tmp_path)
    assert good.passed
    assert summary_words(good) == "Passed; together they took 22 s."
    assert not summarise([], tmp_path).passed


def test_what_is_written(outcomes: list[Outcome], tmp_path: Path) -> None:
    found = write_summary(tmp_path, outcomes)
    page = read_page((tmp_path / "index.html").read_text("utf-8"))
    assert page.unbalanced == []
    links = [a["href"] for a in page.named("a") if not a["href"].startswith("#")]
    assert links == [f"{each.folder}/report.html" for each in outcomes[:3]]
    assert all((tmp_path / link).is_file() for link in links)
    assert "not against production" in " ".join(page.texts["main"])

    document = json.loads((tmp_path / "drills.json").read_text("utf-8"))
    jsonschema = pytest.importorskip("jsonschema")
    jsonschema.Draft202012Validator(summary_schema()).validate(document)
    assert document["drills"][0]["sha256"] == found.drills[0].sha256 != ""

    root = ET.parse(tmp_path / "junit.xml").getroot()
    assert len(root.findall("testsuite")) == 4
    assert root.get("errors") == "1"

    markdown = (tmp_path / "drills.md").read_text("utf-8")
    assert "[1 bucket-gone](bucket-gone/report.html)" in markdown
    assert "340" not in markdown
    text = "\n".join("".join(span.text for span in line) for line in summary_lines(found))
    assert "✗ no report" in text
    assert "missed: Failed requests" in text


def test_a_strange_folder_is_no_link(outcomes: list[Outcome], tmp_path: Path) -> None:
    strange = outcomes[0]._replace(folder="javascript:alert(1)//")
    write_summary(tmp_path, [strange])
    page = read_page((tmp_path / "index.html").read_text("utf-8"))
    assert not [a for a in page.named("a") if not a["href"].startswith("#")]
    assert "](javascript" not in (tmp_path / "drills.md").read_text("utf-8")


def test_a_summary_is_checked_with_all_its_reports(outcomes: list[Outcome], tmp_path: Path) -> None:
    assert read_summary(tmp_path) is None
    found = write_summary(tmp_path, outcomes)
    assert read_summary(tmp_path) == found
    assert check_summary(tmp_path) == []
    log = tmp_path / "wrong-digest" / "logs" / "router.log"
    log.write_text("changed", "utf-8")
    wrong = check_summary(tmp_path)
    assert wrong[0] == "wrong-digest: logs/router.log: was changed after the drill"
    assert {each.partition(":")[0] for each in wrong} == {"wrong-digest"}
    log.write_text("envoy is ready\n", "utf-8")
    path = tmp_path / "drills.json"
    told = path.read_text("utf-8")
    path.write_text(told.replace('"failed": 10', '"failed": 0'), "utf-8")
    assert check_summary(tmp_path) == ["drills.json: is not what the reports say"]
    path.write_text(told.replace("own/report.html", "../own/report.html"), "utf-8")
    assert check_summary(tmp_path) == ["drills.json: ../own/report.html is not below this folder"]


def test_the_command_shows_and_checks_many(
    outcomes: list[Outcome], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from click.testing import CliRunner

    from deployer.cli.drill_report import report

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    write_summary(tmp_path, outcomes)
    shown = CliRunner().invoke(report, [".", "--check", "--no-color"])
    assert shown.exit_code == 0, shown.output
    assert "2 of 4 drills failed" in shown.stdout
    assert "everything is as the evidence says: 4 drills" in shown.stderr
    for wanted, name in (("json", "drills.json"), ("markdown", "drills.md")):
        printed = CliRunner().invoke(report, [".", "-o", wanted])
        assert printed.stdout == (tmp_path / name).read_text("utf-8")
    (tmp_path / "own" / "report.json").unlink()
    assert CliRunner().invoke(report, [".", "--check"]).exit_code == ExitCode.INTEGRITY
