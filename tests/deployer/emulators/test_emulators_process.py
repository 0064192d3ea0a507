"""Processes are recognised, stopped wholly, and never mistaken for a stranger's."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from deployer.emulators.ports import free_ports
from deployer.emulators.process import (
    _KEEPER,
    Handle,
    Held,
    Kept,
    birth_of,
    exit_code,
    is_same,
    poll_until,
    spawn,
)
from deployer.errors import FailedError
from tests.deployer.emulators.emulator_user import processes_in

PATH = {"PATH": os.environ["PATH"]}
STUBBORN = "import signal, time; signal.signal(15, signal.SIG_IGN); print('on', flush=True); time.sleep(600)"
FAMILY = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {STUBBORN!r}])"


def begin(folder: Path, code: str) -> Held:
    return spawn([sys.executable, "-c", code], environment=PATH, folder=folder, name="it")


def says(folder: Path, word: str) -> bool:
    return poll_until(lambda: word in (folder / "it.log").read_text(), 20)


@pytest.fixture
def stranger() -> Iterator[subprocess.Popen[bytes]]:
    """A process of the same user that has nothing to do with us, leader of its session."""
    process = subprocess.Popen(["sleep", "600"], start_new_session=True)
    yield process
    process.kill()
    process.wait()


@pytest.mark.parametrize("signal_all", [Kept.stop, Kept.kill])
@pytest.mark.parametrize("birth", ["", "another-boot/1"])
def test_a_recycled_id_is_not_touched(
    stranger: subprocess.Popen[bytes], signal_all: object, birth: str
) -> None:
    kept = Kept(Handle(stranger.pid, birth), Handle(stranger.pid, birth))
    assert not kept.alive
    assert callable(signal_all)
    assert signal_all(kept) is False
    assert stranger.poll() is None


def test_only_a_session_that_the_keeper_leads_is_signalled(
    stranger: subprocess.Popen[bytes],
) -> None:
    """The emulator is itself, the keeper's id has gone to a stranger with a session of his own."""
    own = subprocess.Popen(["sleep", "600"], start_new_session=True)
    try:
        itself = Handle(own.pid, birth_of(own.pid))
        assert is_same(itself)
        assert Kept(Handle(stranger.pid, "another-boot/1"), itself).stop() is False
        assert stranger.poll() is None
    finally:
        own.kill()
        own.wait()


def test_a_zombie_is_dead() -> None:
    process = subprocess.Popen(["sleep", "600"])
    handle = Handle(process.pid, birth_of(process.pid))
    assert is_same(handle)
    process.kill()
    assert poll_until(lambda: not is_same(handle), 10)
    assert process.wait() == -signal.SIGKILL


def test_who_ignores_the_signal_is_killed_with_its_family(tmp_path: Path) -> None:
    held = begin(tmp_path, FAMILY)
    assert says(tmp_path, "on")
    assert len(processes_in(tmp_path)) == 3
    held.stop(deadline=0.5)
    assert poll_until(lambda: not processes_in(tmp_path), 10)


def test_a_family_without_its_keeper_is_stopped_too(tmp_path: Path) -> None:
    held = begin(tmp_path, FAMILY)
    assert says(tmp_path, "on")
    os.kill(held.kept.keeper.pid, signal.SIGKILL)
    assert poll_until(lambda: not is_same(held.kept.keeper), 10)
    assert held.kept.alive
    held.stop(deadline=0.5)
    assert poll_until(lambda: not processes_in(tmp_path), 10)


@pytest.mark.parametrize(
    ("code", "expected"),
    [("raise SystemExit(7)", 7), ("import os; os.kill(os.getpid(), 9)", -9)],
)
def test_the_keeper_records_how_it_ended(tmp_path: Path, code: str, expected: int) -> None:
    held = begin(tmp_path, code)
    assert held.wait() == expected
    assert exit_code(tmp_path / "it.exit") == expected


def test_what_cannot_be_executed(tmp_path: Path) -> None:
    with pytest.raises(FailedError, match=r"cannot be executed.*No such file"):
        spawn([str(tmp_path / "no-such")], environment=PATH, folder=tmp_path, name="it")


OWNER = """
import sys, time
from pathlib import Path
from deployer.emulators.process import spawn
held = spawn([sys.executable, "-c", "import time; print('on', flush=True); time.sleep(600)"],
             environment={}, folder=Path(sys.argv[1]), name="it")
if sys.argv[2] == "release":
    held.release()
print("ready", flush=True)
time.sleep(600)
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_it_dies_with_its_owner_however_the_owner_dies(tmp_path: Path, number: int) -> None:
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(tmp_path), "hold"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    with owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == b"ready\n"
        assert len(processes_in(tmp_path)) == 2
        owner.send_signal(number)
    assert poll_until(lambda: not processes_in(tmp_path), 10)


def test_an_owner_who_died_too_early_to_hear_of_it(tmp_path: Path) -> None:
    code = "import time; print('on', flush=True); time.sleep(600)"
    exit_file, log = tmp_path / "it.exit", tmp_path / "it.log"
    leash, report = os.pipe(), os.pipe()
    os.close(report[0])
    with log.open("wb") as file:
        keeper = subprocess.Popen(
            [sys.executable, "-I", "-S", _KEEPER, str(exit_file), sys.executable, "-c", code],
            stdin=leash[0], stdout=report[1], stderr=file, cwd=tmp_path, start_new_session=True,
        )  # fmt: skip
    for end in (leash[0], report[1]):
        os.close(end)
    assert says(tmp_path, "on")
    assert "Traceback" not in log.read_text()
    os.close(leash[1])
    keeper.wait(20)
    assert poll_until(lambda: not processes_in(tmp_path), 10)


def test_it_outlives_its_owner_once_released(tmp_path: Path) -> None:
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(tmp_path), "release"], stdout=subprocess.PIPE
    )
    with owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == b"ready\n"
        owner.kill()
    # Any time is too short to prove it; half a second is ten times what the leash takes.
    assert not poll_until(lambda: len(processes_in(tmp_path)) < 2, 0.5)
    for pid in processes_in(tmp_path):
        os.kill(pid, signal.SIGKILL)


def test_ports_are_different_and_free() -> None:
    ports = free_ports(30)
    assert len(set(ports)) == 30
    assert all(20_000 <= port < 32_768 for port in ports)
