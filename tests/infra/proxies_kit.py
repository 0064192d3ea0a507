"""The proxies on this machine, and how one is started, asked and stopped."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

__all__ = ["accepts_envoy", "accepts_haproxy", "envoy", "haproxy", "running", "wait_for"]

ROOT = Path(__file__).parents[2]


def envoy() -> str:
    """Return Envoy's path; skip, or fail if DEPLOYER_TEST_REQUIRE names it, without one."""
    beside = Path(sys.executable).with_name("envoy")
    return _found("envoy", str(beside) if beside.exists() else shutil.which("envoy"))


def haproxy() -> str:
    """Return HAProxy's path; skip, or fail if DEPLOYER_TEST_REQUIRE names it, without one."""
    fetched = ROOT / ".tools/haproxy/bin/haproxy"
    path = shutil.which("haproxy") or shutil.which("haproxy", path="/usr/sbin:/usr/local/sbin")
    return _found("haproxy", path or (str(fetched) if fetched.exists() else None))


def accepts_envoy(text: str, folder: Path) -> None:
    """Fail unless Envoy accepts the configuration, and warns of nothing in it."""
    path = folder / "accepted.json"
    path.write_text(text, "utf-8")
    command = [envoy(), "-l", "warning", "--mode", "validate", "-c", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert "warning" not in done.stderr, done.stderr


def accepts_haproxy(text: str, folder: Path) -> None:
    """Fail unless HAProxy accepts the configuration, and warns of nothing in it."""
    path = folder / "accepted.cfg"
    path.write_text(text, "utf-8")
    command = [haproxy(), "-c", "-f", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    # Names of example.com are looked up, and cannot be found.
    warnings = [line for line in done.stderr.splitlines() if "[WARNING]" in line]
    assert all("could not resolve address" in line for line in warnings), done.stderr


@contextmanager
def running(command: list[str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a proxy; its output goes to `log`; it is stopped at the end."""
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(10)


def wait_for(condition: Callable[[], object], what: str, seconds: float = 15.0) -> None:
    """Wait until `condition` holds; fail after `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds:g} s for: {what}"
        time.sleep(0.02)


def _found(name: str, path: str | None) -> str:
    if path:
        return path
    if name in os.environ.get("DEPLOYER_TEST_REQUIRE", "").replace(" ", "").split(","):
        pytest.fail(f"{name} is required by DEPLOYER_TEST_REQUIRE, but is not installed")
    pytest.skip(f"{name} is not installed")
