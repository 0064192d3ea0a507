"""What a folder store keeps beside a file: its metadata, and the lock of its writers."""

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

__all__ = ["Beside", "flush", "flush_folder"]

STALE_NS = 60 * 10**9


class Beside:
    """The sidecars of one key, each named after the version that it describes.

    Args:
        folder: of all sidecars.
        key: the object's key.

    """

    def __init__(self, folder: Path, key: str) -> None:
        digest = hashlib.sha256(key.encode()).hexdigest()
        self._folder = folder / digest[:2] / digest

    def write(self, token: str, key: str, metadata: Mapping[str, str]) -> Path:
        """Describe a version, durably, before it has its name."""
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / f"{token}.json"
        with path.open("w", encoding="utf-8") as file:
            json.dump({"key": key, "metadata": dict(metadata)}, file)
            file.flush()
            flush(file.fileno())
        flush_folder(self._folder)
        return path

    def read(self, token: str) -> dict[str, str]:
        """Return a version's metadata; empty for a file that somebody else put there."""
        try:
            text = (self._folder / f"{token}.json").read_text("utf-8")
        except FileNotFoundError:
            return {}
        metadata: dict[str, str] = json.loads(text)["metadata"]
        return metadata

    def drop(self, token: str) -> None:
        """Forget a version."""
        (self._folder / f"{token}.json").unlink(missing_ok=True)

    def drop_stale(self, current: Path) -> None:
        """Forget the versions before `current`; call it under the lock.

        A create-only writer that has not linked its file yet may have a sidecar here, too: only
        those that are clearly older than the object's own can be nobody's future.
        """
        written = current.stat().st_mtime_ns
        for path in self._folder.glob("*.json"):
            with suppress(FileNotFoundError):
                if path != current and path.stat().st_mtime_ns < written - STALE_NS:
                    path.unlink()

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the key against writers in this and other processes."""
        self._folder.mkdir(parents=True, exist_ok=True)
        fd = os.open(self._folder / "lock", os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            yield
        finally:
            os.close(fd)


def flush(fd: int) -> None:
    """Make a file's bytes survive a power loss."""
    os.fsync(fd)


def flush_folder(path: Path) -> None:
    """Make a new name in `path` survive a power loss."""
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
