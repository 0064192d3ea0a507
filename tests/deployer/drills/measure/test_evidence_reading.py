"""Evidence is read whole, or the damaged line is named."""

from pathlib import Path

import msgspec
import pytest

from deployer.drills.evidence.records import (
    EVENTS,
    INTEGRITY,
    REQUESTS,
    SCENARIO,
    TRAFFIC,
    Integrity,
    Kept,
    Passed,
    Request,
)
from deployer.drills.measure.evidence import Evidence, read, read_evidence
from deployer.errors import MissingError, UsageError
from tests.deployer.drills.measure.evidence_kit import event

MADE = Evidence(
    (event(1.0, "begun", "made", versions={"a": "1"}), event(2.5, "check", "c", False, seen=3)),
    (Request(1.0, 0.25, 200, "ab"), Request(2.0, 0.5, 0, "", "reset")),
    (Passed(1.5, "store:aws", "PUT", "/b/k?x=1", 10, 200, 0, (1, 2)),),
    Integrity({"aws": (Kept("k", 1, "ab", "ab"),)}, {"aws": {"m:1": "ab"}}),
)
SCENARIO_TEXT = "name: made\ntitle: t\nwhy: w\nmust: m\nmethod: []\n"


def write(folder: Path) -> None:
    for name, records in (
        (EVENTS, MADE.events), (REQUESTS, MADE.requests), (TRAFFIC, MADE.passed)
    ):  # fmt: skip
        lines = [msgspec.json.encode(each) + b"\n" for each in records]
        (folder / name).write_bytes(b"".join(lines))
    (folder / INTEGRITY).write_bytes(msgspec.json.encode(MADE.integrity))
    (folder / SCENARIO).write_text(SCENARIO_TEXT, "utf-8")


def test_what_was_written_is_read(tmp_path: Path) -> None:
    write(tmp_path)
    scenario, evidence = read(tmp_path)
    assert evidence == MADE
    assert scenario.name == "made"


def test_only_events_must_be_there(tmp_path: Path) -> None:
    write(tmp_path)
    for name in (REQUESTS, TRAFFIC, INTEGRITY):
        (tmp_path / name).unlink()
    assert read_evidence(tmp_path) == Evidence(MADE.events)
    (tmp_path / EVENTS).unlink()
    with pytest.raises(UsageError, match="is not there") as caught:
        read_evidence(tmp_path)
    assert caught.value.where == str(tmp_path / EVENTS)


def test_a_folder_without_a_scenario_is_no_drill(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / SCENARIO).unlink()
    with pytest.raises(MissingError):
        read(tmp_path)


@pytest.mark.parametrize(
    ("name", "content", "line"),
    [
        (EVENTS, b'{"at": 1.0}\n', 1),
        (REQUESTS, b"[1.0,0.5,200]\n[1.0,0.5\n[1.0,0.5,200]\n", 2),
        (REQUESTS, b"[1.0,0.5,200]\n[1.0,0.5", 2),
        (REQUESTS, b'[1.0,0.5,"200"]\n', 1),
        (REQUESTS, b"[1.0,0.5,200]\n\n[1.0,0.5,200]\n", 2),
        (TRAFFIC, b"\xff\n", 1),
        (TRAFFIC, b'{"at": 1.0, "listener": "\xff"}\n', 1),
        (INTEGRITY, b'{"clouds": {"aws": [1]}}', 1),
    ],
)
def test_damage_is_told_with_file_and_line(
    tmp_path: Path, name: str, content: bytes, line: int
) -> None:
    write(tmp_path)
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UsageError, match="is damaged") as caught:
        read(tmp_path)
    assert caught.value.where == f"{tmp_path / name}:{line}"


def test_a_folder_in_its_place_is_told(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / REQUESTS).unlink()
    (tmp_path / REQUESTS).mkdir()
    with pytest.raises(UsageError, match="cannot be read"):
        read(tmp_path)
