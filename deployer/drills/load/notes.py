"""Writes requests down, beside the event loop: a slow disk must not delay the next request."""

import contextlib
import os
import threading
from collections import deque
from pathlib import Path
from typing import Self

import msgspec

from deployer.drills.evidence.records import Request

__all__ = ["Notes"]

EVERY = 0.1


class Notes:
    """A file of requests, one JSON document a line; what was told is in it within 0.2 s.

    Args:
        path: is appended to.

    """

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        self._told: deque[Request] = deque()
        self._bytes = b""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)

    def tell(self, request: Request) -> None:
        """Take a request; returns at once."""
        self._told.append(request)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Write the rest.

        Raises:
            OSError: it cannot be written.

        """
        self._stop.set()
        self._thread.join()
        try:
            self._flush()
        finally:
            os.close(self._file)

    def _work(self) -> None:
        while not self._stop.wait(EVERY):
            # A full disk may have room again; nothing is thrown away before.
            with contextlib.suppress(OSError):
                self._flush()

    def _flush(self) -> None:
        while self._told:
            self._bytes += msgspec.json.encode(self._told.popleft()) + b"\n"
        while self._bytes:
            written = os.write(self._file, self._bytes)
            self._bytes = self._bytes[written:]
