"""What a publish must remember to be finished by running it again: one small file."""

import contextlib
import os
import uuid
from pathlib import Path

import msgspec

from deployer import typed

__all__ = ["PublishJournal", "Unfinished", "write_durably"]


def write_durably(path: Path, body: bytes) -> None:
    """Write a file that is on the disk, whole, when this returns."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(f".{uuid.uuid4().hex}.tmp")
    with temporary.open("wb") as file:
        file.write(body)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


class Unfinished(msgspec.Struct, kw_only=True):
    """A publish that has begun.

    Attributes:
        txn: its id, on every cloud.
        manifest: the manifest's canonical JSON; it names its parent, which may have moved on.
        attempt: the version number that was last tried; 0 before the first.

    """

    txn: str
    manifest: str
    attempt: int = 0


class PublishJournal:
    """The file of one publish: named by registry, model and content, so a repetition finds it.

    Attributes:
        bundle: where the signature of an unfinished publish is kept.

    """

    def __init__(self, folder: Path, name: str) -> None:
        self._path = folder / f"{name}.json"
        self.bundle = folder / f"{name}.bundle"

    def load(self) -> Unfinished | None:
        """Return the publish that was begun, or None."""
        with contextlib.suppress(FileNotFoundError, msgspec.DecodeError):
            return typed.decode(self._path.read_bytes(), Unfinished)
        return None

    def save(self, state: Unfinished) -> None:
        """Remember it; it is on the disk when this returns."""
        write_durably(self._path, msgspec.json.encode(state))

    def clear(self) -> None:
        """Forget it."""
        self._path.unlink(missing_ok=True)
        self.bundle.unlink(missing_ok=True)
