"""The load generator's process: it never outlives who started it, and leaves whole lines."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from deployer.drills.load.client import LoadGenerator
from deployer.emulators.process import birth_of, poll_until
from deployer.errors import FailedError
from tests.deployer.drills.load.slow_server_kit import SlowServer, at_least, generator


def test_a_killed_generator_leaves_whole_lines_and_is_missed(tmp_path: Path) -> None:
    with SlowServer() as server:
        load = generator(server.url, tmp_path, rate=1000)
        load.start()
        assert load.wait(at_least(300), 20)
        os.kill(load.pid, signal.SIGKILL)
        with pytest.raises(FailedError, match="ended by itself"):
            load.wait(lambda _: False, 20)
        with pytest.raises(FailedError, match="ended by itself"):
            load.stop()
        load.stop()
    lines = (tmp_path / "requests.jsonl").read_bytes().split(b"\n")
    assert lines.pop() == b""
    assert [len(json.loads(line)) for line in lines] == [5] * len(lines)
    assert len(load.seen()) == len(lines) >= 300


def test_half_a_line_is_cut_when_it_was_killed_as_it_wrote(tmp_path: Path) -> None:
    with SlowServer() as server, generator(server.url, tmp_path) as load:
        assert load.wait(at_least(10), 20)
        os.kill(load.pid, signal.SIGKILL)
        assert poll_until(lambda: not load.alive, 20)
        with (tmp_path / "requests.jsonl").open("ab") as file:
            file.write(b"[1.5,0.2")
        before = load.seen()
        with pytest.raises(FailedError):
            load.stop()
        assert (tmp_path / "requests.jsonl").read_bytes().count(b"\n") == len(before)
        assert (tmp_path / "requests.jsonl").read_bytes().endswith(b"]\n")


def test_it_can_be_started_again_and_adds_to_what_it_saw(tmp_path: Path) -> None:
    with SlowServer() as server:
        load = generator(server.url, tmp_path)
        for _ in range(2):
            before = len(load.seen())
            with load:
                assert load.wait(at_least(before + 20), 20)
        assert len(load.seen()) == len(server.arrivals)


def test_it_ends_with_who_started_it(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path\n"
        "from deployer.drills.load.client import LoadGenerator\n"
        "f = Path(sys.argv[2])\n"
        "load = LoadGenerator(sys.argv[1], '/', b'{}', {}, rate=50, give_up=1,"
        " file=f / 'r.jsonl', folder=f)\n"
        "load.start(); print(load.pid, flush=True); sys.stdin.read()\n"
    )
    with SlowServer() as server:
        child: subprocess.Popen[Any] = subprocess.Popen(
            [sys.executable, "-c", program, server.url, str(tmp_path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        with child:
            assert child.stdout is not None
            pid = int(child.stdout.readline())
            assert birth_of(pid)
            child.kill()
            child.wait()
            assert poll_until(lambda: not birth_of(pid), 20)


def test_what_it_cannot_write_to_is_said(tmp_path: Path) -> None:
    load = LoadGenerator(
        "http://127.0.0.1:1", "/", b"", {}, rate=1, give_up=1,
        file=tmp_path / "missing" / "r.jsonl", folder=tmp_path,
    )  # fmt: skip
    with pytest.raises(FailedError, match=r"r\.jsonl: No such file"):
        load.start()
