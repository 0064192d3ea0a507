"""Plans that are kept, and files that are compared with."""

import json
from pathlib import Path

import pytest

from deployer.errors import MissingError, UsageError
from deployer.reviewing.plans import keep, key_of, last, programs_in
from tests.infra.review.review_programs_kit import aws, program, resource


def test_a_plan_that_was_kept_is_the_last_one(tmp_path: Path) -> None:
    folder = tmp_path / "state" / "plans"
    assert last(folder, "k.json") is None
    keep(folder, "k.json", program())
    path = keep(folder, "k.json", aws())
    found = last(folder, "k.json")
    assert found is not None
    assert found.program == aws()
    assert path.stat().st_mode & 0o077 == 0
    assert [each.name for each in folder.iterdir()] == ["k.json"]


def test_a_plan_of_which_a_part_is_missing_is_none(tmp_path: Path) -> None:
    path = keep(tmp_path, "k.json", aws())
    path.write_bytes(path.read_bytes()[:-20])
    assert last(tmp_path, "k.json") is None


def test_a_plan_that_cannot_be_written_leaves_the_last_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(tmp_path, "k.json", aws())

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        keep(tmp_path, "k.json", program())
    found = last(tmp_path, "k.json")
    assert found is not None
    assert found.program == aws()
    assert [each.name for each in tmp_path.iterdir()] == ["k.json"]


def test_keys_of_different_things_are_different() -> None:
    assert key_of("penguins-production", "aws") != key_of("penguins", "production-aws")
    assert key_of("../../etc", "aws").startswith("etc-aws-")
    assert "/" not in key_of("a/b", "c")


def test_a_file_may_be_a_plan_or_a_state(tmp_path: Path) -> None:
    kept = keep(tmp_path, "k.json", aws())
    assert programs_in(kept)["aws"] == aws()
    state = tmp_path / "state.json"
    urn = "urn:pulumi:prod::deployer-gcp::gcp:storage/bucket:Bucket::models"
    entry = {
        "urn": urn,
        "custom": True,
        "type": "gcp:storage/bucket:Bucket",
        "id": "x",
        "inputs": {"location": "EU"},
    }
    document = {"version": 3, "deployment": {"manifest": {}, "resources": [entry]}}
    state.write_text(json.dumps(document))
    assert programs_in(state)["gcp"].resources[0].inputs == {"location": "EU"}


def test_other_files_are_refused_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "other.json"
    for text in ("{}", "no json", "[]", '{"parts": 3}'):
        path.write_text(text)
        with pytest.raises(UsageError, match="neither a plan nor an exported state") as raised:
            programs_in(path)
        assert "\n" not in str(raised.value)
    with pytest.raises(MissingError, match="no such file"):
        programs_in(tmp_path / "none.json")


def test_a_state_of_someone_elses_program_goes_by_its_project(tmp_path: Path) -> None:
    kept = keep(tmp_path, "k.json", program(resource("aws:sns/topic:Topic", "t")))
    assert list(programs_in(kept)) == ["shop"]
