"""Ctrl-C ends a search promptly, and leaves no process behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

SCRIPT = """
import sys
from deployer.training.selection import pool, select
from tests.deployer.training.selection.selection_rows import blobs

class Told:
    def begin(self, total, what): pass
    def finish(self): pass
    def advance(self, n, note=""):
        print("done", flush=True)

pool.START_SECONDS = 0
rows = blobs({"a": 1500, "b": 1500}, columns=30)
try:
    select(
        rows.frame, rows.labels, classes=rows.classes, kinds=rows.kinds,
        families=["softmax", "tree"], strategy="random", trials=200, folds=10,
        metric="accuracy", jobs=2, progress=Told(),
    )
except KeyboardInterrupt:
    sys.exit(130)
"""


def members(group: int) -> list[int]:
    """Return the processes of a process group, zombies left out."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, its_group = stat.read_text().rpartition(")")[2].split()[:3]
        except OSError:
            continue
        if int(its_group) == group and state != "Z":
            found.append(int(stat.parent.name))
    return found


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="counts processes by /proc")
@pytest.mark.parametrize("whole_group", [True, False], ids=["Ctrl-C", "kill -INT"])
def test_no_process_outlives_an_interrupt(whole_group: bool, tmp_path: Path) -> None:
    root = Path(__file__).parents[4]
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**os.environ, "PYTHONPATH": str(root), "TMPDIR": str(tmp_path)},
    )
    assert process.stdout is not None
    try:
        # Two in this process at most, then those of the others.
        for _ in range(4):
            assert process.stdout.readline() == "done\n"
        assert len(members(process.pid)) >= 3
        began = time.monotonic()
        if whole_group:
            os.killpg(process.pid, signal.SIGINT)
        else:
            os.kill(process.pid, signal.SIGINT)
        _, err = process.communicate(timeout=30)
        assert time.monotonic() - began < 28
        assert process.returncode == 130, err
        assert "Traceback" not in err
        deadline = time.monotonic() + 60
        while members(process.pid) and time.monotonic() < deadline:
            os.sched_yield()
        assert members(process.pid) == []
        assert [each.name for each in tmp_path.iterdir() if "deployer-" in each.name] == []
    finally:
        if members(process.pid):
            os.killpg(process.pid, signal.SIGKILL)
