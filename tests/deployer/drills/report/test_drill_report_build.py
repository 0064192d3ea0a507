"""What is in a report: everything that an auditor asks for, and the same each time."""

import json
from pathlib import Path

import msgspec
import pytest

from deployer.drills.evidence.records import Event, EventKind
from deployer.drills.measure.compute import figures
from deployer.drills.measure.evidence import read
from deployer.drills.report.build import build
from deployer.drills.report.document import report_json, report_schema, schema_json, to_report
from deployer.drills.report.happened import faults, value_words
from deployer.drills.report.model import EMULATED, STAGED, Report
from deployer.drills.report.write import rendered
from deployer.errors import UsageError
from tests.deployer.drills.report.evidence_kit import (
    CLOUDS,
    CONFIGURED,
    V1,
    Story,
    digest_of,
    write,
)

STORIES = {
    "good": Story(rate=40),
    "outage": Story(rate=40, outage=1.7, name="wrong-digest", number=13),
    "bad": Story(
        rate=40, outage=1.0, damaged=True, lost=True, failing_check=True, stuck=True,
        error="the emulator of gcp did not answer",
    ),
    "renumbered": Story(rate=40, renumbered=True),
    "without endpoints": Story(endpoints=False, number=0, rto=20.0),
}  # fmt: skip


def made(folder: Path) -> Report:
    return build(write(folder, Story(rate=40)))


def valid(document: object) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    validator = jsonschema.Draft202012Validator(report_schema())
    validator.check_schema(report_schema())
    errors = [f"{error.json_path}: {error.message}" for error in validator.iter_errors(document)]
    assert not errors, errors[:3]


def test_a_good_drill(tmp_path: Path) -> None:
    report = made(tmp_path)
    assert report.passed
    assert report.verdict == (
        "Passed. Service went on: none of 752 requests failed. "
        "Nothing that was acknowledged is missing."
    )
    assert report.disclaimer == EMULATED
    assert "not against production" in report.disclaimer
    assert report.scenario.why.startswith("A bucket can be deleted")
    assert report.scenario.scope
    assert report.scenario.excluded
    assert report.run.operator == "ada"
    assert report.run.versions["envoy"] == "1.36.2"
    assert len(report.run.commit) == 40
    assert report.run.configuration == {k: digest_of(v) for k, v in CONFIGURED.items()}
    assert [each.met for each in report.objectives] == [True, True, True, None]
    assert [each.name for each in report.phases] == [
        "prepare", "steady", "method", "recovery", "after", "rollback",
    ]  # fmt: skip
    assert report.deviations == ()
    assert [each for each in report.findings if each.level == "failure"] == []
    assert report.rollback.ok
    assert [each.cloud for each in report.clouds] == list(CLOUDS)
    assert not any(each.damaged for each in report.clouds)
    assert [each.phase for each in report.checks] == ["steady", "method", "after"]


def test_times_are_counted_from_the_first_fault(tmp_path: Path) -> None:
    report = made(tmp_path)
    assert [(each.name, each.begin, each.end) for each in report.faults] == [
        ("the store of aws and all in it is gone", 0.0, 9.0),
        ("endpoint:primary is killed", 0.2, 15.5),
    ]
    repair = report.commands[-1]
    assert repair.name == "deployer repair"
    assert repair.at + repair.seconds == pytest.approx(10.9)
    assert repair.files == ("commands/02-repair.stdout", "commands/02-repair.stderr")
    assert report.timeline[0].at == -6.0
    assert report.run.fault == next(e.wall for e in report.timeline if e.kind == "fault")
    assert report.figures.detection == pytest.approx(0.45)


def test_everything_that_is_wrong_is_a_finding(tmp_path: Path) -> None:
    report = build(write(tmp_path, STORIES["bad"]))
    assert not report.passed
    text = "\n".join(each.text for each in report.findings if each.level == "failure")
    for expected in (
        "RPO): 1, at most 0 was wanted",
        "Failed requests: 40, at most 0 was wanted",
        "Check failed in phase method: 20 requests in a row are answered by version 1. Expected",
        "Damaged on gcp: blobs/sha256/",
        "Acknowledged and missing on azure: drill:2",
        "The drill could not: the emulator of gcp did not answer",
        "Not rolled back: endpoint:primary is killed",
    ):
        assert expected in text
    assert report.verdict.startswith(
        "Failed: missed RPO (1, at most 0), failed requests (40, at most 0), 1 check failed, "
    )
    assert [each.missing for each in report.publishes] == [(), ("azure",)]
    assert not report.rollback.ok


def test_what_has_another_number_is_not_lost_and_is_told(tmp_path: Path) -> None:
    report = build(write(tmp_path, STORIES["renumbered"]))
    assert report.passed
    assert report.figures.rpo == 0
    assert report.verdict.endswith(
        "Nothing that was acknowledged is missing; 1 publish has another number now."
    )
    assert [(each.missing, each.now) for each in report.publishes] == [((), ""), ((), "drill:3")]
    [note] = [each for each in report.findings if "Acknowledged as" in each.text]
    assert note.level == "note"
    assert note.text.startswith("Acknowledged as drill:2, and drill:3 in the end:")
    texts = rendered(report)
    assert "✓ whole on all, as drill:3" in texts["report.html"]
    assert "✅ whole on all, as drill:3" in texts["report.md"]


def test_what_did_not_take_place_is_a_deviation(tmp_path: Path) -> None:
    write(tmp_path)
    path = tmp_path / "events.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    kept = [each for each in lines if b'"recovery"' not in each and b'"done"' not in each]
    path.write_bytes(b"".join(kept))
    report = build(tmp_path)
    assert report.deviations == (
        "The phase recovery did not take place.",
        "The phase done did not take place.",
    )
    assert not report.passed
    assert "the drill shows nothing" in report.verdict
    assert report.phases[-1].end == report.timeline[-1].at


@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES)
def test_all_numbers_are_those_of_the_measurement(story: Story, tmp_path: Path) -> None:
    report = build(write(tmp_path, story))
    assert report.figures == figures(*read(tmp_path))
    if report.bins is not None and story.endpoints:
        assert sum(report.bins.right) == report.figures.requests - report.figures.failed
        kinds = {name: sum(counts) for name, counts in report.bins.failed.items()}
        assert kinds == report.figures.kinds
    assert sum(each.objects for each in report.clouds) == report.figures.objects
    assert sum(each.bytes for each in report.clouds) == report.figures.bytes


@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES)
def test_the_document_is_valid_and_means_the_same(story: Story, tmp_path: Path) -> None:
    report = build(write(tmp_path, story))
    text = report_json(report)
    valid(json.loads(text))
    assert to_report(text.encode(), "here") == report


def test_the_schema_refuses_what_is_not_a_report(tmp_path: Path) -> None:
    document = json.loads(report_json(made(tmp_path)))
    document["figures"]["rto"] = "soon"
    with pytest.raises(AssertionError, match=r"rto"):
        valid(document)
    with pytest.raises(UsageError, match="is no report of a drill"):
        to_report(json.dumps(document).encode(), "here")


def test_the_schema_in_the_documentation_is_current() -> None:
    """Write it anew with ``python -m deployer.drills.report.document``."""
    path = Path(__file__).parents[4] / "docs" / "drill-report.schema.json"
    assert path.read_text("utf-8") == schema_json()


@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES)
def test_the_same_evidence_gives_the_same_bytes(story: Story, tmp_path: Path) -> None:
    one, other = write(tmp_path / "one", story), write(tmp_path / "other", story)
    assert rendered(build(one)) == rendered(build(other))


def test_digests_are_of_every_file_of_the_evidence(tmp_path: Path) -> None:
    import hashlib

    report = made(tmp_path)
    there = {p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*") if p.is_file()}
    assert {each.path for each in report.evidence} == there
    for each in report.evidence:
        body = (tmp_path / each.path).read_bytes()
        assert (each.bytes, each.sha256) == (len(body), hashlib.sha256(body).hexdigest())


def test_a_link_is_no_evidence(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "logs" / "more.log").symlink_to("/etc/hostname")
    with pytest.raises(UsageError, match="is no file of its own"):
        build(tmp_path)


def test_a_drill_on_staging_does_not_say_that_it_was_on_emulators(tmp_path: Path) -> None:
    write(tmp_path)
    path = tmp_path / "events.jsonl"
    first, rest = path.read_bytes().split(b"\n", 1)
    event = json.loads(first)
    event["detail"]["where"] = "staging"
    path.write_bytes(msgspec.json.encode(event) + b"\n" + rest)
    report = build(tmp_path)
    assert report.disclaimer == STAGED
    for name, text in rendered(report).items():
        assert EMULATED not in text, name
        assert "emulators on one machine" not in text, name


def test_faults_that_nothing_ends_have_no_end(tmp_path: Path) -> None:
    write(tmp_path)
    path = tmp_path / "events.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"mended"', b'"note"'))
    assert [each.end for each in build(tmp_path).faults] == [None, 15.5]


def test_each_fault_has_an_end_of_its_own() -> None:
    def event(at: float, kind: EventKind, target: str = "a") -> Event:
        return Event(at, "", kind, "the store is slow", detail={"target": target})

    found = faults(
        [event(1, "fault"), event(2, "fault"), event(3, "fault", "b"), event(4, "mended", "b"),
         event(5, "mended"), event(6, "rollback"), event(7, "fault")]
    )  # fmt: skip
    assert [(each.begin, each.end) for each in found] == [(0, 4), (1, 5), (2, 3), (6, None)]


def test_another_version_of_the_same_number_is_a_missing_publish(tmp_path: Path) -> None:
    write(tmp_path, Story(rate=10))
    path = tmp_path / "integrity.json"
    before, _, after = path.read_text("utf-8").rpartition(V1)
    path.write_text(f"{before}{'0' * 64}{after}", "utf-8")
    assert [each.missing for each in build(tmp_path).publishes] == [("azure",), ()]


def test_versions_that_answered_are_named(tmp_path: Path) -> None:
    write(tmp_path, Story(rate=40))
    (tmp_path / "traffic.jsonl").unlink()
    report = build(tmp_path)
    assert report.bins is not None
    assert report.bins.by == "version"
    assert list(report.bins.answered) == ["drill:1"]
    assert report.publishes[0].digest == V1


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("deployer push /home/ada/models/wine drill", "deployer push …/wine drill"),
        ("see s3://bucket/models/drill/1.json", "see s3://bucket/models/drill/1.json"),
        ("https://host/a/b/c", "https://host/a/b/c"),
        ("blobs/sha256/ab/abcd", "blobs/sha256/ab/abcd"),
        ("/v2/health", "/v2/health"),
        ({"where": "/a/b/c", "n": [1]}, '{"n": [1], "where": "…/c"}'),
        (None, ""),
        ("a\n  b", "a b"),
    ],
)
def test_values_are_told_without_somebody_s_folders(text: object, shown: str) -> None:
    assert value_words(text) == shown


def test_long_values_are_cut() -> None:
    assert len(value_words("x" * 1000)) == 400
