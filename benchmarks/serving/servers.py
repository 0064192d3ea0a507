"""Start a server as a whole process, see it answer, weigh it, end it."""

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

__all__ = ["Failure", "Running", "ask", "free_port", "start"]

FIRST_ANSWER = 90.0  # seconds
BETWEEN_TRIES = 0.02
END = 15.0


class Failure(Exception):  # noqa: N818 - a result of the benchmark, which goes on without it
    """A server that did not start or answered wrongly."""


@dataclass(frozen=True)
class Running:
    """A server that answers.

    Attributes:
        process: the one that was started; the others are its children.
        cold: seconds from starting it to its first good answer.
        first: the body of that answer.

    """

    process: subprocess.Popen[bytes]
    cold: float
    first: bytes

    def memory(self) -> tuple[int, int]:
        """Return bytes of all its processes: resident (shared pages count in each), and shares."""
        resident = shared = 0
        for pid in _family(self.process.pid):
            with contextlib.suppress(OSError):
                text = Path(f"/proc/{pid}/smaps_rollup").read_text("ascii")
                sizes = dict(line.split(":", 1) for line in text.splitlines()[1:])
                resident += int(sizes["Rss"].split()[0]) * 1024
                shared += int(sizes["Pss"].split()[0]) * 1024
        return resident, shared


@contextlib.contextmanager
def start(
    command: Sequence[str],
    environment: Mapping[str, str],
    *,
    folder: Path,
    url: str,
    body: bytes,
    headers: Mapping[str, str],
) -> Iterator[Running]:
    """Run a server until the caller is done with it; its output goes to a file, as in production.

    Raises:
        Failure: it ended, or gave no good answer in time; the end of its output is in the message.

    """
    with (folder / "output.log").open("w+b") as log:
        began = time.perf_counter()
        process = subprocess.Popen(
            command,
            env={**os.environ, **environment},
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            first = _first_answer(process, began, url, body, headers)
            yield Running(process, time.perf_counter() - began, first)
        except Failure as failure:
            log.flush()
            said = (folder / "output.log").read_text("utf-8", "replace")[-1500:]
            raise Failure(f"{failure}\n{said}") from None
        finally:
            _end(process)


def _first_answer(
    process: subprocess.Popen[bytes],
    began: float,
    url: str,
    body: bytes,
    headers: Mapping[str, str],
) -> bytes:
    last = "nobody listens"
    while time.perf_counter() - began < FIRST_ANSWER:
        if process.poll() is not None:
            raise Failure(f"ended with {process.returncode} before it answered")
        with contextlib.suppress(OSError, http.client.HTTPException):
            status, answer = ask(url, body, headers)
            if status == http.client.OK:
                return answer
            last = f"status {status}: {answer[:200].decode(errors='replace')}"
        time.sleep(BETWEEN_TRIES)
    raise Failure(f"gave no good answer for {FIRST_ANSWER:.0f} s; the last: {last}")


def ask(url: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, bytes]:
    """Send one request; return the status and the body of the answer.

    Raises:
        OSError, http.client.HTTPException: there was none.

    """
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)
    try:
        connection.request("POST", parts.path, body, dict(headers))
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def free_port() -> int:
    """Return a port that nobody listens on at the moment."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


def _family(ancestor: int) -> set[int]:
    """Return a process and all that stem from it."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                after_name = (entry / "stat").read_text("utf-8", "replace").rsplit(")", 1)[1]
                parents[int(entry.name)] = int(after_name.split()[1])
    family = {ancestor}
    while True:
        children = {pid for pid, parent in parents.items() if parent in family} - family
        if not children:
            return family
        family |= children


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ask a server to end, and see to it that all its processes do."""
    family = _family(process.pid)
    process.send_signal(signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(END)
    for pid in family:
        # Those in a session of their own outlive the group.
        with contextlib.suppress(ProcessLookupError):
            if process.returncode is None or os.getsid(pid) == process.pid:
                os.kill(pid, signal.SIGKILL)
    process.wait()
