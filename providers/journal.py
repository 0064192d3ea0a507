"""What a transfer must remember to go on after a crash: a small file per transfer."""

import contextlib
import hashlib
import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

__all__ = ["Entry", "Journal"]


class Entry:
    """The memory of one transfer, held by this process alone."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self) -> dict[str, str]:
        """Return what was saved; empty for a new transfer or a file that a crash cut short."""
        try:
            document = json.loads(self._path.read_text("utf-8"))
        except (FileNotFoundError, ValueError):
            return {}
        return {str(k): str(v) for k, v in document.items()} if isinstance(document, dict) else {}

    def save(self, state: Mapping[str, str]) -> None:
        """Replace what is saved; it is on the disk when this returns."""
        temporary = self._path.with_suffix(".tmp")  # the entry is locked
        with temporary.open("w", encoding="utf-8") as file:
            json.dump(dict(state), file)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(self._path)

    def clear(self) -> None:
        """Forget the transfer."""
        self._path.unlink(missing_ok=True)


class Journal:
    """A folder of entries, named after what is transferred to where."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    @contextmanager
    def claim(self, *identity: str) -> Iterator[Entry | None]:
        """Yield the entry of a transfer, or None without a folder or while another process has it."""
        if self._folder is None or sys.platform == "win32":
            yield None
            return
        import fcntl  # noqa: PLC0415 - absent on Windows, where nothing is journalled

        self._folder.mkdir(parents=True, exist_ok=True)
        name = hashlib.sha256("\0".join(identity).encode()).hexdigest()
        lock = self._folder / f"{name}.lock"
        fd = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield None
                return
            entry = Entry(self._folder / f"{name}.json")
            yield entry
            if not entry.load():
                with contextlib.suppress(OSError):
                    lock.unlink()
        finally:
            os.close(fd)
