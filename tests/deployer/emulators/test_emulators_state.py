"""What is remembered: kept data, stale states, and the variables for other commands."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from deployer.emulators import apply_environment, load_state
from deployer.emulators.loopback import request
from deployer.emulators.process import birth_of, poll_until
from deployer.errors import CloudError, FailedError, MissingError
from tests.deployer.emulators.emulator_user import User, processes_in

OBJECT = "/storage/v1/b/deployer-models/o/k?alt=media"


def write(user: User) -> None:
    endpoint = user.records()[0]["endpoint"]
    upload = "/upload/storage/v1/b/deployer-models/o?uploadType=media&name=k"
    answer = request("POST", endpoint + upload, body=b"bytes")
    assert answer is not None
    assert answer.status == 200


def read(user: User) -> bytes | None:
    answer = request("GET", user.records()[0]["endpoint"] + OBJECT)
    assert answer is not None
    return answer.body if answer.status == 200 else None


def gcs(user: User, *words: str) -> None:
    up = user.run("up", "--clouds", "gcp", *words)
    assert up.returncode == 0, up.stderr


@pytest.mark.parametrize("data_dir", [[], ["--data-dir", "clouds"]])
def test_kept_data_outlives_down_until_purged(user: User, data_dir: list[str]) -> None:
    gcs(user, "--keep", *data_dir)
    write(user)
    assert "its data stays in" in user.run("down").stderr
    gcs(user, "--keep", *data_dir)
    assert read(user) == b"bytes"
    kept = Path(user.json("status")[0]["data"])
    assert kept.is_relative_to(user.home / "clouds" if data_dir else user.folder)
    assert user.run("down", "--purge").returncode == 0
    assert not kept.exists()
    assert [path.name for path in user.folder.iterdir()] == ["lock"]


def test_temporary_data_does_not(user: User) -> None:
    gcs(user)
    write(user)
    assert user.run("down").returncode == 0
    gcs(user)
    assert read(user) is None


def test_moto_says_that_it_forgets(user: User) -> None:
    up = user.run("up", "--clouds", "aws", "--keep")
    assert up.returncode == 0
    assert "in memory only" in up.stderr
    assert "in memory only" in user.run("up", "--help").stdout


@pytest.mark.parametrize(
    "words", [["--ephemeral"], ["--data-dir", "elsewhere"]], ids=["ephemeral", "elsewhere"]
)
def test_what_is_up_is_not_quietly_something_else(user: User, words: list[str]) -> None:
    gcs(user, "--keep")
    up = user.run("up", "--clouds", "gcp", *words)
    assert up.returncode == 2
    assert "run `deployer emulators down` first" in up.stderr
    assert user.run("status").returncode == 0


@pytest.fixture
def stranger() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(["sleep", "600"], start_new_session=True)
    yield process
    process.kill()
    process.wait()


def test_a_state_from_before_a_restart_harms_nobody(
    user: User, stranger: subprocess.Popen[bytes]
) -> None:
    gcs(user)
    document = json.loads((user.folder / "state.json").read_bytes())
    assert user.run("down").returncode == 0
    (user.folder / "run" / "fake-gcs.exit").unlink()
    born = birth_of(stranger.pid)
    # The id lives on in a stranger who even started at the same tick, of another boot.
    recycled = {"pid": stranger.pid, "birth": "another-boot/" + born.rpartition("/")[2]}
    document["servers"][0]["process"] = {"keeper": recycled, "emulator": recycled}
    stale = json.dumps(document)
    (user.folder / "state.json").write_text(stale)

    status = user.run("status")
    assert status.returncode == 4
    assert "died without a trace" in status.stderr
    assert user.json("down") == {"stopped": [], "kept": {}}
    assert stranger.poll() is None

    (user.folder / "state.json").write_text(stale)
    gcs(user)
    assert stranger.poll() is None
    assert user.run("status").returncode == 0


@pytest.mark.parametrize("content", ["{", "{}x", '{"servers": 1}', '{"format": 99}'])
def test_a_damaged_state_is_one_line(user: User, content: str) -> None:
    user.folder.mkdir(parents=True)
    (user.folder / "state.json").write_text(content)
    for words in (["status"], ["env"], ["up", "--clouds", "gcp"], ["down"]):
        done = user.run(*words)
        assert done.returncode == 1
        assert done.stderr.count("\n") == 1
        assert "state.json" in done.stderr
    assert not processes_in(user.home)
    (user.folder / "state.json").unlink()


@pytest.fixture
def as_user(user: User, monkeypatch: pytest.MonkeyPatch) -> User:
    """Make this process the user's, and forget what it sets."""
    monkeypatch.setenv("XDG_STATE_HOME", user.environment["XDG_STATE_HOME"])
    monkeypatch.setenv("AWS_PROFILE", "production")
    for name in ("STORAGE_EMULATOR_HOST", "GOOGLE_CLOUD_PROJECT", "DEPLOYER_CLOUDS_GCP_URL"):
        monkeypatch.setenv(name, "to be replaced")
    return user


def test_other_commands_are_pointed_at_them(as_user: User) -> None:
    with pytest.raises(MissingError, match="no emulator is up") as missing:
        apply_environment()
    assert missing.value.hint == "run: deployer emulators up"

    gcs(as_user)
    with pytest.raises(MissingError, match="azure is not up"):
        apply_environment(["gcp", "azure"])
    assert os.environ["STORAGE_EMULATOR_HOST"] == "to be replaced"
    assert apply_environment(["gcp"]) == ("gcp",)
    assert os.environ["STORAGE_EMULATOR_HOST"] == as_user.records()[0]["endpoint"]
    assert os.environ["DEPLOYER_CLOUDS_GCP_URL"] == "gs://deployer-models"
    assert "AWS_PROFILE" not in os.environ

    os.kill(load_state().servers[0].process.emulator.pid, signal.SIGKILL)
    exit_file = as_user.folder / "run" / "fake-gcs.exit"
    assert poll_until(exit_file.exists, 10)
    with pytest.raises(CloudError, match="was killed by SIGKILL"):
        apply_environment()


def test_a_state_folder_that_cannot_be_read(as_user: User) -> None:
    (as_user.folder / "state.json").mkdir(parents=True)
    with pytest.raises(FailedError, match="cannot be read"):
        load_state()
    (as_user.folder / "state.json").rmdir()
