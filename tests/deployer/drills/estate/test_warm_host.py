"""A process that forks commands: none of them outlives whoever has started it."""

import os
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from deployer.drills.estate.warm import Host
from deployer.emulators.process import birth_of

DEADLINE = 30.0


@pytest.fixture
def silent() -> Iterator[dict[str, str]]:
    """A cloud that takes connections and says nothing, so that a command waits for it."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.getsockname()[1]}",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "us-east-1",
            "DEPLOYER_CLOUDS_AWS_URL": "s3://bucket",
        }


def gone(pid: int) -> bool:
    until = time.monotonic() + DEADLINE
    while birth_of(pid):
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True


def test_jobs(silent: dict[str, str], tmp_path: Path) -> None:
    with Host({**os.environ, "NO_COLOR": "1"}) as host:
        job = host.start(["--version"], {}, tmp_path / "version")
        assert job.wait() == 0
        assert "deployer" in job.stdout
        job = host.start(["push"], {}, tmp_path / "wrong")
        assert job.wait() == 2
        assert "PATH" in job.stderr
        (tmp_path / "killed").mkdir()
        job = host.start(["list", "--clouds", "aws"], silent, tmp_path / "killed")
        assert not job.ended()
        os.kill(job.pid, signal.SIGKILL)
        assert job.wait() == -signal.SIGKILL


def test_a_command_ends_with_whoever_has_started_it(silent: dict[str, str], tmp_path: Path) -> None:
    with Host({**os.environ}) as host:
        job = host.start(["list", "--clouds", "aws"], silent, tmp_path)
        assert birth_of(job.pid)
        assert host.process.stdin is not None
        host.process.stdin.close()
        assert gone(job.pid)
