"""Writes events down as they happen, each at once and whole."""

import os
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from deployer.drills.evidence.records import EVENTS, Event, EventKind

__all__ = ["Recorder"]


class Recorder:
    """The diary of one drill; safe to use from many threads.

    Args:
        folder: where the evidence is.
        tell: is told each event, to show it to people.

    """

    def __init__(self, folder: Path, tell: Callable[[Event], None]) -> None:
        self.folder = folder
        self.events: list[Event] = []
        self._tell = tell
        self._lock = threading.Lock()
        self._file = os.open(folder / EVENTS, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)

    def note(self, kind: EventKind, name: str, ok: bool | None = None, **detail: Any) -> Event:
        """Write an event down."""
        with self._lock:
            event = Event(
                at=time.monotonic(),
                wall=datetime.now(UTC).isoformat(timespec="microseconds"),
                kind=kind,
                name=name,
                ok=ok,
                detail=detail,
            )
            self.events.append(event)
            # One write for one line: whoever is killed here leaves no half of one.
            os.write(self._file, msgspec.json.encode(event) + b"\n")
        self._tell(event)
        return event

    def first(self, kind: EventKind) -> Event | None:
        """Return the first event of a kind."""
        return next((each for each in self.events if each.kind == kind), None)

    def close(self) -> None:
        """Write no more."""
        os.close(self._file)
