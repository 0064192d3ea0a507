"""Load from ``wrk``: a fixed number of connections, each with one request under way at a time."""

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median

import msgspec

__all__ = ["Load", "find_wrk", "middle_load", "put_under_load"]

ROOT = Path(__file__).parent.parent.parent
UNPACKED = ROOT / ".tools" / "wrk"
SCRIPT = Path(__file__).with_name("report.lua")
TIMEOUT = 10  # seconds after which an answer counts as failed


class Load(msgspec.Struct, frozen=True):
    """What wrk saw.

    Attributes:
        requests: answered with any status.
        seconds: that it took.
        p50: median time to the answer, in seconds.
        p99: of one request in a hundred it was longer.
        longest: of all.
        refused: answers that are not 2xx or 3xx.
        broken: connections that were refused or broke.
        late: requests without an answer for ``TIMEOUT`` seconds.

    """

    requests: int
    seconds: float
    p50: float
    p99: float
    longest: float
    refused: int = 0
    broken: int = 0
    late: int = 0

    @property
    def rate(self) -> float:
        """Good answers per second."""
        return (self.requests - self.refused) / self.seconds

    @property
    def failed(self) -> int:
        """Requests without a good answer."""
        return self.refused + self.broken + self.late


def find_wrk() -> tuple[str, dict[str, str]] | None:
    """Return where wrk is and the environment it needs; None if it is not there."""
    installed = shutil.which("wrk")
    if installed:
        return installed, {}
    unpacked = UNPACKED / "usr" / "bin" / "wrk"
    libraries = [str(each.parent) for each in UNPACKED.glob("usr/lib/*/libluajit*.so.2")]
    return (str(unpacked), {"LD_LIBRARY_PATH": ":".join(libraries)}) if unpacked.exists() else None


def put_under_load(
    url: str, body: Path, headers: Mapping[str, str], *, connections: int, seconds: float
) -> Load:
    """Send `body` again and again.

    Raises:
        RuntimeError: wrk failed; its output is in the message.

    """
    found = find_wrk()
    if found is None:
        raise RuntimeError("wrk is not there")
    program, needed = found
    command = [program, "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s"]
    command += ["--timeout", f"{TIMEOUT}s", "-s", str(SCRIPT), url]
    lines = "\n".join(f"{name}: {value}" for name, value in headers.items())
    done = subprocess.run(
        command,
        env={**os.environ, **needed, "BENCH_BODY": str(body), "BENCH_HEADERS": lines},
        capture_output=True,
        text=True,
        timeout=seconds + 60,
        check=False,
    )
    last = (done.stdout.strip().splitlines() or [""])[-1]
    if done.returncode or not last.startswith("{"):
        raise RuntimeError(f"{' '.join(command)}: {done.stdout[-500:]}{done.stderr[-500:]}")
    return msgspec.json.decode(last, type=Load)


def middle_load(loads: Sequence[Load]) -> Load:
    """Return the median of rates and times, the longest of all, and the sum of what failed."""
    rate = median(each.rate for each in loads)
    return Load(
        requests=round(rate * 1000) + sum(each.refused for each in loads),
        seconds=1000,
        p50=median(each.p50 for each in loads),
        p99=median(each.p99 for each in loads),
        longest=max(each.longest for each in loads),
        refused=sum(each.refused for each in loads),
        broken=sum(each.broken for each in loads),
        late=sum(each.late for each in loads),
    )
