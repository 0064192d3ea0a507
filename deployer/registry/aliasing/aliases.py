"""Moving an alias: one step at a time, from a known parent, with its history kept.

An alias moves in two writes at the home store: the next entry of its log, create-only, and then
the alias itself, compare-and-swap. The log is the truth; whoever finds an entry that the alias
has not followed yet (its writer died, or is slow) finishes that move first. So no move is lost
or doubled, and the log has no gap.

An entry that leads to a version which is being deleted is not followed: the next entry takes it
back. Whoever follows an entry looks for the deletion record in between, and whoever deletes looks
for the entry after writing that record; see :mod:`deployer.registry.deleting.delete`.
"""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from deployer.errors import CloudError, DamagedError, DeployerError
from deployer.registry.cloud import (
    Cloud,
    everywhere,
    read_bytes,
    read_document,
    write_document,
)
from deployer.registry.deleting.deletions import DeletedError, find_deletion
from deployer.registry.format import layout
from deployer.registry.format.names import LATEST
from deployer.registry.format.records import (
    FORMAT,
    AliasRecord,
    Deletion,
    digest,
    encode,
    to_be_signed,
)
from deployer.registry.who import author, now, stamp
from providers.errors import (
    AlreadyExistsError,
    BucketNotFoundError,
    NotFoundError,
    PreconditionError,
    StoreError,
)
from providers.model import Version

__all__ = [
    "Move",
    "Seen",
    "deletion_in_the_way",
    "follow",
    "follow_log",
    "move",
    "pending",
    "read_alias",
    "read_entry",
]

MAX_TURNS = 1_000

Seen = tuple[AliasRecord, bytes, Version]
"""An alias, its bytes, and which write of it this is."""


@dataclass(frozen=True)
class Move:
    """What an alias shall point at.

    Attributes:
        txn: id of the act; a repeated move with the same id is the same move.
        expires: RFC 3339; after this the move must not be believed.
        note: why, for the history.
        removed: take the alias away; version and manifest are those it had.
        verdict: of the gate; None if it was not asked.
        sign: returns the signature of a record's bytes, or None where it cannot make one.

    """

    model: str
    alias: str
    version: int
    manifest: str
    epoch: int
    txn: str
    expires: str | None = None
    note: str | None = None
    removed: bool = False
    verdict: dict[str, Any] | None = None
    sign: Callable[[bytes], str | None] | None = None


def read_alias(cloud: Cloud, model: str, alias: str) -> Seen | None:
    """Return an alias as `cloud` has it, its bytes and version; None if there is none.

    Raises:
        DamagedError: the record is of another alias.

    """
    key = layout.alias(model, alias)
    try:
        record, body, version = read_document(cloud, key, AliasRecord)
    except NotFoundError:
        return None
    if (record.model, record.alias) != (model, alias):
        raise DamagedError(
            f"the record is of {record.model}@{record.alias}",
            where=cloud.where(key),
            hint="somebody put it there: use another cloud",
        )
    return record, body, version


def move(
    home: Cloud, wanted: Move, *, allowed: Callable[[AliasRecord], bool] = lambda _: True
) -> AliasRecord:
    """Move an alias at the home store and return its new record.

    Args:
        home: the store that orders moves.
        wanted: where the alias shall point.
        allowed: called with the record to be replaced; False leaves the alias where it is (a
            newer publish has moved it already), and that record is returned.

    Raises:
        DeletedError: the version is gone, or is being deleted now; the alias is where it was.
        CloudError: other writers were quicker for too long.

    """
    refused: Deletion | None = None
    for _ in range(MAX_TURNS):
        current = read_alias(home, wanted.model, wanted.alias)
        if current is not None and current[0].txn == wanted.txn:
            return current[0]
        ahead = pending(home, wanted.model, wanted.alias, current)
        if ahead:
            record, body = ahead[-1]
            if deletion_in_the_way(home, record) is not None:
                _take_back(home, wanted, ahead[-1], current)
                continue
            lost = _follow(home, record, body, current)
            if record.txn == wanted.txn:
                if lost is None:
                    return record
                refused = lost
            continue
        if refused is not None:
            raise DeletedError(home, refused)
        if current is not None and not allowed(current[0]):
            return current[0]
        record = _next(wanted, current)
        body = encode(record)
        key = layout.alias_log(wanted.model, wanted.alias, record.seq)
        try:
            write_document(home, key, body, mode="create")
        except AlreadyExistsError:
            continue  # somebody else's entry: finish theirs first
        refused = deletion_in_the_way(home, record) or _follow(home, record, body, current)
        if refused is None:
            return record
    raise CloudError(
        f"{wanted.model}@{wanted.alias} is moved by others all the time",
        where=home.where(layout.alias(wanted.model, wanted.alias)),
        hint="repeat the command",
    )


def _next(wanted: Move, current: Seen | None) -> AliasRecord:
    record = AliasRecord(
        format=FORMAT,
        model=wanted.model,
        alias=wanted.alias,
        epoch=wanted.epoch,
        seq=1 if current is None else current[0].seq + 1,
        version=wanted.version,
        manifest=wanted.manifest,
        prev=None if current is None else digest(current[1]),
        txn=wanted.txn,
        at=stamp(now()),
        by=author(),
        expires=wanted.expires,
        note=wanted.note,
        removed=wanted.removed,
        verdict=wanted.verdict,
    )
    return _signed(record, wanted)


def _signed(record: AliasRecord, wanted: Move) -> AliasRecord:
    if wanted.sign is None:
        return record
    return msgspec.structs.replace(record, sig=wanted.sign(to_be_signed(record)))


def deletion_in_the_way(home: Cloud, record: AliasRecord) -> Deletion | None:
    """Return what says that the version of a log entry is gone or about to go.

    ``latest`` needs no look: it only moves forward, and what it has not passed is not deleted.
    """
    if record.removed or record.alias == LATEST:
        return None
    found = find_deletion(home, record.model, record.version)
    return found[0] if found else None


def _take_back(
    home: Cloud, wanted: Move, last: tuple[AliasRecord, bytes], current: Seen | None
) -> None:
    """Add the entry that makes the alias stay where it is, although `last` led elsewhere."""
    lost, body = last
    nowhere = msgspec.structs.replace(lost, removed=True, expires=None, verdict=None)
    stays = current[0] if current else nowhere
    record = AliasRecord(
        format=FORMAT,
        model=lost.model,
        alias=lost.alias,
        epoch=max(wanted.epoch, lost.epoch),
        seq=lost.seq + 1,
        version=stays.version,
        manifest=stays.manifest,
        prev=digest(body),
        txn=str(uuid.uuid4()),
        at=stamp(now()),
        by=author(),
        expires=stays.expires,
        note=f"{lost.model}:{lost.version} was deleted meanwhile",
        removed=stays.removed,
        verdict=stays.verdict,
    )
    key = layout.alias_log(lost.model, lost.alias, record.seq)
    try:
        write_document(home, key, encode(_signed(record, wanted)), mode="create")
    except AlreadyExistsError:
        return  # somebody else took it back


def pending(
    cloud: Cloud, model: str, alias: str, current: Seen | None
) -> list[tuple[AliasRecord, bytes]]:
    """Return the log entries that the alias has not followed yet, with their bytes, in order."""
    found: list[tuple[AliasRecord, bytes]] = []
    seq, before = (current[0].seq, current[1]) if current else (0, None)
    while True:
        seq += 1
        try:
            found.append(read_entry(cloud, model, alias, seq, before))
        except BucketNotFoundError:
            raise
        except NotFoundError:
            return found
        before = found[-1][1]


def read_entry(
    cloud: Cloud, model: str, alias: str, seq: int, before: bytes | None
) -> tuple[AliasRecord, bytes]:
    """Return entry `seq` of a log, if it continues the record `before`.

    Raises:
        NotFoundError: there is none yet.
        DamagedError: it belongs to something else; nothing must follow it.

    """
    key = layout.alias_log(model, alias, seq)
    record, body, _ = read_document(cloud, key, AliasRecord)
    expected = (model, alias, seq, digest(before) if before is not None else None)
    if (record.model, record.alias, record.seq, record.prev) != expected:
        raise DamagedError(
            "the entry does not continue the alias's history",
            where=cloud.where(key),
            hint="somebody put it there: compare it with the other clouds",
        )
    return record, body


def _follow(home: Cloud, record: AliasRecord, body: bytes, current: Seen | None) -> Deletion | None:
    """Let the alias follow its log; return what says that the entry was taken back meanwhile."""
    if follow_log(home, record, body, current):
        return None
    return deletion_in_the_way(home, record)


def follow_log(cloud: Cloud, record: AliasRecord, body: bytes, current: Seen | None) -> bool:
    """Let the alias follow its log; False means that somebody else made it go on."""
    key = layout.alias(record.model, record.alias)
    try:
        write_document(cloud, key, body, mode="create" if current is None else current[2])
    except (AlreadyExistsError, PreconditionError):
        return False
    return True


def follow(
    home: Cloud, followers: Sequence[Cloud], record: AliasRecord
) -> dict[str, StoreError | DeployerError]:
    """Bring the followers' copies of an alias forward to `record`, where its version exists.

    Returns:
        The clouds that could not follow, and why. They are stale, never broken: the alias there
        points at an older version that is whole.

    """
    return everywhere(followers, lambda cloud: _bring(home, cloud, record))[1]


def _bring(home: Cloud, cloud: Cloud, record: AliasRecord) -> None:
    key = layout.version(record.model, record.version)
    if not record.removed and not cloud.store.exists(key):
        raise DamagedError(
            f"version {record.version} is not there, so {record.alias} stays where it is",
            where=cloud.where(key),
            hint=f"bring it there: deployer repair --clouds {home.name},{cloud.name}",
        )
    for _ in range(MAX_TURNS):
        theirs = read_alias(cloud, record.model, record.alias)
        known = theirs[0].seq if theirs else 0
        if theirs and (theirs[0].epoch, known) >= (record.epoch, record.seq):
            return
        if known >= record.seq:  # moved there when another store was the home
            raise DamagedError(
                f"move {known} of {record.alias} is one that {home.name} does not know",
                where=cloud.where(layout.alias(record.model, record.alias)),
                hint=f"nothing was overwritten; deployer home reconcile {cloud.name}",
            )
        body = theirs[1] if theirs else None
        for seq in range(known + 1, record.seq + 1):
            entry, body = read_entry(home, record.model, record.alias, seq, body)
            _copy_entry(cloud, entry, body)
        assert body is not None  # noqa: S101 - the range was not empty
        follow_log(cloud, record, body, theirs)
    raise CloudError(
        f"{record.model}@{record.alias} is moved by others all the time",
        where=cloud.where(layout.alias(record.model, record.alias)),
        hint="repeat the command",
    )


def _copy_entry(cloud: Cloud, entry: AliasRecord, body: bytes) -> None:
    key = layout.alias_log(entry.model, entry.alias, entry.seq)
    try:
        write_document(cloud, key, body, mode="create")
    except AlreadyExistsError:
        if read_bytes(cloud, key)[0] != body:
            raise DamagedError(
                f"entry {entry.seq} of the history differs from the home's",
                where=cloud.where(key),
                hint="the clouds diverged: nothing was overwritten",
            ) from None
