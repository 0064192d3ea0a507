"""What this machine remembers of the aliases it has believed, so that nobody can turn one back.

Whoever can write to a store can put an older alias record back: valid in every way, and leading
to a version that was replaced for a reason. Only a reader that remembers finds that. One small
file per store and model holds, for each alias, the newest move that was believed.
"""

import fcntl
import hashlib
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from deployer import typed
from deployer.errors import FailedError
from deployer.registry.format.records import AliasRecord, digest, encode

__all__ = ["Known", "Mark", "Memory", "order_of"]

_FORMAT = 1


class Mark(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The newest move of an alias that was believed.

    Attributes:
        epoch: of the home that made it.
        seq: its number.
        digest: hex SHA-256 of its record.
        seen: when it was first believed, RFC 3339.

    """

    epoch: int
    seq: int
    digest: str
    seen: str

    @property
    def order(self) -> tuple[int, int]:
        """What tells the newer of two moves."""
        return self.epoch, self.seq


class _File(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """One store's aliases of one model, by name."""

    format: int
    store: str
    model: str
    aliases: dict[str, Mark]


@dataclass(frozen=True)
class Known:
    """A mark, and the file that holds it."""

    mark: Mark
    path: Path


def order_of(record: AliasRecord) -> tuple[int, int]:
    """Return what tells the newer of two records of one alias."""
    return record.epoch, record.seq


class Memory:
    """What is remembered of the stores of one command. Safe for many threads and processes.

    The clouds of a command are one registry, by their user's own configuration: what was
    believed of one is held against all of them.

    Args:
        folder: where the files are.
        addresses: cloud name → what tells its store from any other one, such as its URL and
            endpoint; must not hold a secret.

    """

    def __init__(self, folder: Path, addresses: Mapping[str, str]) -> None:
        self._folder = folder
        self._addresses = addresses
        # What could not be written to the disk still counts for the rest of this command.
        self._believed: dict[tuple[str, str, str], Mark] = {}

    def known(self, model: str, alias: str) -> list[Known]:
        """Return what is known of an alias, for each store that anything is known of.

        Raises:
            FailedError: a file is there and cannot be read.

        """
        found = []
        for cloud in self._addresses:
            path = self._path(cloud, model)
            marks = [
                _load(path, self._addresses[cloud], model).aliases.get(alias),
                self._believed.get((cloud, model, alias)),
            ]
            newest = max((m for m in marks if m is not None), key=_order, default=None)
            if newest is not None:
                found.append(Known(newest, path))
        return found

    def remember(self, cloud: str, record: AliasRecord, *, seen: str) -> str:
        """Remember that `record` was believed; an older or equal one changes nothing.

        Returns:
            Why it could not be written down; empty when it was. A machine with a read-only disk
            may still read models.

        Raises:
            FailedError: the file is there and cannot be read.

        """
        new = Mark(epoch=record.epoch, seq=record.seq, digest=digest(encode(record)), seen=seen)
        at = (cloud, record.model, record.alias)
        path = self._path(cloud, record.model)
        address = self._addresses[cloud]
        if _has(_load(path, address, record.model), record.alias, new):
            return ""
        self._believed[at] = max(self._believed.get(at, new), new, key=_order)
        try:
            with _locked(path.parent):
                file = _load(path, address, record.model)
                if not _has(file, record.alias, new):
                    file.aliases[record.alias] = new
                    _write(path, msgspec.json.format(msgspec.json.encode(file), indent=1))
        except OSError as error:
            return f"{path}: cannot be written: {error.strerror or error}"
        return ""

    def _path(self, cloud: str, model: str) -> Path:
        store = hashlib.sha256(self._addresses[cloud].encode()).hexdigest()[:16]
        return self._folder / store / f"{model}.json"


def _order(mark: Mark) -> tuple[int, int]:
    return mark.order


def _has(file: _File, alias: str, new: Mark) -> bool:
    old = file.aliases.get(alias)
    return old is not None and old.order >= new.order


def _load(path: Path, store: str, model: str) -> _File:
    try:
        body = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return _File(format=_FORMAT, store=store, model=model, aliases={})
    except OSError as error:
        raise _unreadable(path, error.strerror or str(error)) from error
    try:
        file = typed.decode(body, _File)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _unreadable(path, str(error)) from error
    if (file.format, file.store, file.model) != (_FORMAT, store, model):
        raise _unreadable(path, f"it is of {file.model} in {file.store}, format {file.format}")
    return file


def _unreadable(path: Path, why: str) -> FailedError:
    # Not taken for empty: that would be a way to make a reader forget.
    return FailedError(
        f"what was seen of this model's aliases cannot be read: {why}",
        where=str(path),
        hint="correct its permissions; or remove it, if you trust what the clouds say now",
    )


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold the folder's lock, which ends with its holder."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    fd = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)


def _write(path: Path, body: bytes) -> None:
    """Replace the file; it is on the disk when this returns."""
    temporary = path.with_suffix(".tmp")  # the lock's holder is its only writer
    with temporary.open("wb") as file:
        file.write(body)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
