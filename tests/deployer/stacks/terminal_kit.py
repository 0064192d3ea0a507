"""A command on a pseudo-terminal: what a person would see, and what a person would type."""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

__all__ = ["Terminal", "terminal"]

_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07]*\x07")


class Terminal:
    """The far side of a terminal."""

    def __init__(self, handle: int, process: "subprocess.Popen[bytes]") -> None:
        self._handle = handle
        self._process = process
        self._raw = b""

    @property
    def raw(self) -> str:
        """Everything that was written, control sequences too."""
        return self._raw.decode("utf-8", "replace")

    @property
    def text(self) -> str:
        """The words among it, those that were written over later too."""
        return _CONTROL.sub("", self.raw).replace("\r\n", "\n").replace("\r", "\n")

    def until(self, pattern: str, *, within: float) -> str:
        """Wait until the words match and return them; fail after `within` seconds."""
        end = time.monotonic() + within
        while not re.search(pattern, self.text):
            assert time.monotonic() < end, f"no {pattern!r} in:\n{self.text}"
            assert self._more(end), f"it ended without {pattern!r}:\n{self.text}"
        return self.text

    def type(self, text: str) -> None:
        os.write(self._handle, text.encode())

    def end(self, *, within: float) -> int:
        """Read to the end and return the exit code."""
        end = time.monotonic() + within
        while self._more(end):
            assert time.monotonic() < end, self.text
        return self._process.wait(within)

    def _more(self, end: float) -> bool:
        ready, _, _ = select.select([self._handle], [], [], max(0.0, end - time.monotonic()))
        if not ready:
            return True
        try:
            found = os.read(self._handle, 65536)
        except OSError:  # Linux tells the end so: nobody has the near side open any more
            return False
        self._raw += found
        return bool(found)


@contextmanager
def terminal(
    command: Sequence[str], *, folder: Path, environment: Mapping[str, str], columns: int = 100
) -> Iterator[Terminal]:
    """Yield a command that runs on a terminal; it is not left over."""
    far, near = pty.openpty()
    fcntl.ioctl(near, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    hidden = ("NO_COLOR", "COLUMNS", "LINES", "FORCE_COLOR")
    variables = {key: value for key, value in environment.items() if key not in hidden}
    process = subprocess.Popen(
        list(command),
        cwd=folder,
        env={**variables, "TERM": "xterm-256color"},
        stdin=near,
        stdout=near,
        stderr=near,
        start_new_session=True,
    )
    os.close(near)
    try:
        yield Terminal(far, process)
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(60)
        os.close(far)
