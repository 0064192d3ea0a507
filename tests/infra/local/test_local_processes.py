"""Processes are known by id and birth, outlive who started them, and are ended without a mistake."""

import os
import sys
from pathlib import Path

import pytest

from infra.local.processes import (
    ProcessError,
    birth_of,
    is_alive,
    start,
    stop,
    sweep,
    sweep_all,
    wait_for,
)

WAITS = "import time; print('up', flush=True); time.sleep(60)"
IGNORES = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {WAITS}"


def begin(folder: Path, code: str, name: str = "one") -> tuple[int, str]:
    out = folder / f"{name}.out"
    pid, birth = start(
        [sys.executable, "-c", code],
        environment=dict(os.environ),
        directory=folder,
        out=out,
        log=folder / f"{name}.log",
        note=folder / f"{name}.pid",
    )
    assert wait_for(lambda: out.read_bytes() == b"up\n", 20)
    return pid, birth


@pytest.mark.parametrize("code", [WAITS, IGNORES], ids=["polite", "deaf"])
def test_a_process_is_ended_politely_or_all_the_same(tmp_path: Path, code: str) -> None:
    pid, birth = begin(tmp_path, code)
    assert is_alive(pid, birth)
    assert os.getsid(pid) == pid, "it has a session of its own"
    stop(pid, birth, within=0.3 if code == IGNORES else 20)
    assert not is_alive(pid, birth)


def test_another_process_with_the_same_id_is_never_touched(tmp_path: Path) -> None:
    pid, birth = begin(tmp_path, WAITS)
    try:
        stop(pid, "another birth", within=1)
        (tmp_path / "one.pid").write_text(f"{pid} another birth\n")
        assert not sweep(tmp_path / "one.pid", within=1)
        assert is_alive(pid, birth)
    finally:
        stop(pid, birth, within=5)


def test_what_nobody_remembers_is_found_by_its_note(tmp_path: Path) -> None:
    found = [begin(tmp_path, WAITS, name) for name in ("one", "two")]
    assert sweep_all(tmp_path, within=5) == 2
    assert not any(is_alive(*each) for each in found)
    assert list(tmp_path.glob("*.pid")) == []
    assert sweep_all(tmp_path, within=5) == 0


def test_a_command_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ProcessError, match="cannot be executed"):
        start(
            [str(tmp_path / "none")],
            environment={},
            directory=tmp_path,
            out=tmp_path / "out",
            log=tmp_path / "log",
            note=tmp_path / "note",
        )
    assert birth_of(2**22 + 1) == ""
