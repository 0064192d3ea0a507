"""The audit log: who did what on this machine, one line of JSON for each act.

Several processes may write at once, and any of them may die in the middle of a line: each line
is a single write in append mode, and one that would stand behind a torn line is written again on
a line of its own. So a record that was reported as written can be read. There is no lock to wait
for. The lines are ASCII: what a hostile name or error message holds can neither make a second
line nor steer a terminal that shows the file.
"""

import errno
import json
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Literal

import msgspec

__all__ = ["FILE", "Entry", "Outcome", "read", "record"]

FILE = "audit.jsonl"
"""Name of the log in the folder of states."""

Outcome = Literal["done", "refused", "failed"]

MAX_DETAIL = 1000  # characters: an error may quote a whole answer


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One act.

    Attributes:
        at: when, as RFC 3339 in UTC.
        by: who, as ``user@host``.
        act: the command, such as ``push``.
        outcome: ``refused`` by a rule, ``failed`` for any other reason.
        model: what it was about; None if it was no model.
        version: its number, if known.
        digest: hex SHA-256 of its manifest, if known.
        clouds: the names of those that took part.
        detail: anything else worth knowing, such as the reason of a refusal.

    """

    at: str
    by: str
    act: str
    outcome: Outcome
    model: str | None = None
    version: int | None = None
    digest: str | None = None
    clouds: tuple[str, ...] = ()
    detail: str = ""


def record(
    path: Path,
    act: str,
    *,
    by: str,
    at: str,
    outcome: Outcome,
    model: str | None = None,
    version: int | None = None,
    digest: str | None = None,
    clouds: Sequence[str] = (),
    detail: str = "",
) -> None:
    """Append an act to the log at `path`; it is on the disk when this returns.

    Raises:
        OSError: it could not be written. The act itself may well have happened: say so.

    """
    entry = Entry(
        at=at,
        by=by,
        act=act,
        outcome=outcome,
        model=model,
        version=version,
        digest=digest,
        clouds=tuple(clouds),
        detail=detail[:MAX_DETAIL],
    )
    # Not msgspec's encoder: it leaves DEL and everything past ASCII as it is.
    line = json.dumps(msgspec.to_builtins(entry)).encode() + b"\n"
    path.parent.mkdir(parents=True, exist_ok=True)
    fd = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        torn = not _ends_a_line(fd, os.fstat(fd).st_size)
        while not _append(fd, b"\n" + line if torn else line):
            torn = False  # another writer's line broke off in between; its end is now ours
        os.fsync(fd)
    finally:
        os.close(fd)
    _flush_folder(path.parent)


def _append(fd: int, line: bytes) -> bool:
    """Write `line` at the end, at once; tell whether it begins on a line of its own."""
    written = os.write(fd, line)
    if written < len(line):
        raise OSError(errno.EIO, f"only {written} of {len(line)} bytes could be written")
    start = os.lseek(fd, 0, os.SEEK_CUR) - written
    return line.startswith(b"\n") or _ends_a_line(fd, start)


def _ends_a_line(fd: int, offset: int) -> bool:
    return offset == 0 or os.pread(fd, 1, offset - 1) == b"\n"


def _flush_folder(folder: Path) -> None:
    """Put the name of a new file on the disk."""
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def read(path: Path, *, damaged: Callable[[int], None] | None = None) -> Iterator[Entry]:
    """Yield the acts in the log at `path`, the oldest first; none if there is no log.

    Args:
        path: of the log.
        damaged: called with the number of each line that is no record, such as one that broke
            off when a disk was full. Such lines are passed over.

    Raises:
        OSError: the log cannot be read.

    """
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return
    with file:
        for number, line in enumerate(file, start=1):
            if line == b"\n":
                continue  # two writers closed the same torn line
            try:
                yield msgspec.convert(json.loads(line), Entry)
            except (ValueError, RecursionError):  # msgspec's errors are ValueErrors, too
                if damaged is not None:
                    damaged(number)
