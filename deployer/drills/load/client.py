"""Starts, watches and stops the load generator."""

import os
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Self

import msgspec

from deployer.drills.evidence.records import Request
from deployer.drills.load.settings import BEGUN, VARIABLE, Settings
from deployer.emulators.process import Held, exit_code, poll_until, spawn
from deployer.errors import FailedError, TimedOutError

__all__ = ["LoadGenerator"]

_NAME = "load"
_BODY = "load.body"
_START = 30.0
_POLL = 0.02
_MARGIN = 5.0


class LoadGenerator:
    """Steady requests of one body from a process of its own; safe to use from many threads.

    The process ends when this one does, however that ends. It may be started again after a stop:
    requests are then added to the same file.

    Args:
        url: ``http://host[:port]`` or ``https://…``.
        path: of the requests.
        body: of the requests.
        headers: of the requests; never written to a file.
        rate: requests a second.
        give_up: seconds from when a request is due until it counts as failed.
        file: the requests are written to it, within 0.2 s.
        folder: of the generator's log.

    """

    def __init__(
        self,
        url: str,
        path: str,
        body: bytes,
        headers: Mapping[str, str],
        *,
        rate: float,
        give_up: float,
        file: Path,
        folder: Path,
    ) -> None:
        self._folder = folder.absolute()
        self._file = file.absolute()
        self._body = body
        self._settings = Settings(
            url=url,
            path=path,
            headers=dict(headers),
            body=str(self._folder / _BODY),
            rate=rate,
            give_up=give_up,
            file=str(self._file),
        )
        self._held: Held | None = None
        self._decoder = msgspec.json.Decoder(Request)
        self._lock = threading.Lock()
        self._seen: list[Request] = []
        self._read = 0

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self._held is not None and self._held.kept.alive

    @property
    def pid(self) -> int:
        """Its process id; 0 if it was not started."""
        return self._held.kept.emulator.pid if self._held else 0

    def start(self) -> None:
        """Start it; its first request is due when this returns. Starting twice does no harm.

        Raises:
            FailedError: it ended at once; the message says why.
            TimedOutError: it does not begin.

        """
        if self._held is not None:
            return
        Path(self._settings.body).write_bytes(self._body)
        self._held = spawn(
            [sys.executable, "-m", "deployer.drills.load"],
            environment={
                **{key: val for key, val in os.environ.items() if not key.startswith("DEPLOYER_")},
                VARIABLE: msgspec.json.encode(self._settings).decode(),
            },
            folder=self._folder,
            name=_NAME,
        )
        began = poll_until(lambda: BEGUN in self._said() or not self.alive, _START)
        if BEGUN not in self._said() and not self.alive:
            self._end()
            raise FailedError(self._last_words(), where="load generator")
        if not began:
            self._held.kill()
            self._end()
            raise TimedOutError(f"has not begun after {_START:g} s", where="load generator")

    def stop(self) -> None:
        """Begin no more requests, wait for the answers under way, and end it.

        Stopping twice does no harm. It takes as long as a request may take.

        Raises:
            FailedError: it had ended before, or could not write everything down.

        """
        if self._held is None:
            return
        early = exit_code(self._held.exit_file) is not None
        self._held.stop(self._settings.give_up + _MARGIN)
        code = exit_code(self._held.exit_file)
        self._end()
        if early or code != 0:
            raise FailedError(self._last_words(), where="load generator")

    def seen(self) -> list[Request]:
        """Return the requests that are over and written down, in the order of their ends."""
        with self._lock:
            if self._file.exists():
                with self._file.open("rb") as file:
                    file.seek(self._read)
                    new = file.read()
                whole = new[: new.rfind(b"\n") + 1]
                self._seen += self._decoder.decode_lines(whole)
                self._read += len(whole)
            return list(self._seen)

    def wait(self, condition: Callable[[Sequence[Request]], bool], timeout: float) -> bool:
        """Wait until a condition holds of the requests seen so far; return whether it does.

        Args:
            condition: is asked whenever there are new requests.
            timeout: seconds.

        Raises:
            FailedError: the generator has ended by itself.

        """
        end = time.monotonic() + timeout
        seen = self.seen()
        while not condition(seen):
            before = len(seen)
            while len(seen) == before:
                left = end - time.monotonic()
                if left <= 0:
                    return False
                if self._held is not None and not self.alive:
                    raise FailedError(self._last_words(), where="load generator")
                time.sleep(min(_POLL, left))
                seen = self.seen()
        return True

    def _end(self) -> None:
        """Forget the process, and what it could not finish when it was killed while it wrote."""
        if self._held is not None:
            self._held.stop()
            self._held = None
        if self._file.exists():
            content = self._file.read_bytes()
            os.truncate(self._file, content.rfind(b"\n") + 1)

    def _said(self) -> list[str]:
        """Return the lines that it has printed since it was started last."""
        log = self._folder / f"{_NAME}.log"
        lines = log.read_text("utf-8", "replace").splitlines() if log.exists() else []
        return [line.strip() for line in lines if line.strip()]

    def _last_words(self) -> str:
        said = [line for line in self._said() if line != BEGUN]
        return f"ended by itself: {said[-1] if said else 'it said nothing'}"
