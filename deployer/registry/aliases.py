"""Moving an alias: one step at a time, from a known parent, with its history kept.

An alias moves in two writes at the home store: the next entry of its log, create-only, and then
the alias itself, compare-and-swap. The log is the truth; whoever finds an entry that the alias
has not followed yet (its writer died, or is slow) finishes that move first. So no move is lost
or doubled, and the log has no gap.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from deployer.errors import CloudError, DamagedError, FailedError
from deployer.registry import layout
from deployer.registry.cloud import Cloud, everywhere, read_document, write_document
from deployer.registry.records import FORMAT, AliasRecord, decode, digest, encode
from deployer.registry.who import author, now, stamp
from providers.errors import (
    AlreadyExistsError,
    NotFoundError,
    PreconditionError,
    StoreError,
)
from providers.model import Version

__all__ = ["Move", "follow", "move", "read_alias"]

MAX_TURNS = 1_000


@dataclass(frozen=True)
class Move:
    """What an alias shall point at.

    Attributes:
        txn: id of the act; a repeated move with the same id is the same move.

    """

    model: str
    alias: str
    version: int
    manifest: str
    epoch: int
    txn: str


def read_alias(cloud: Cloud, model: str, alias: str) -> tuple[AliasRecord, bytes, Version] | None:
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
        CloudError: other writers were quicker for too long.

    """
    for _ in range(MAX_TURNS):
        current = read_alias(home, wanted.model, wanted.alias)
        if current is not None and current[0].txn == wanted.txn:
            return current[0]
        pending = _pending(home, wanted, current)
        if pending is not None:
            _swap(home, pending, current)
            if decode(pending, AliasRecord, where="log").txn == wanted.txn:
                return decode(pending, AliasRecord, where="log")
            continue
        if current is not None and not allowed(current[0]):
            return current[0]
        record = _next(wanted, current)
        body = encode(record)
        key = layout.alias_log(wanted.model, wanted.alias, record.seq)
        try:
            write_document(home, key, body, mode="create")
        except AlreadyExistsError:
            continue  # somebody else's entry: finish theirs first
        _swap(home, body, current)
        return record
    raise CloudError(
        f"{wanted.model}@{wanted.alias} is moved by others all the time",
        where=home.where(layout.alias(wanted.model, wanted.alias)),
        hint="repeat the command",
    )


def _next(wanted: Move, current: tuple[AliasRecord, bytes, Version] | None) -> AliasRecord:
    return AliasRecord(
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
    )


def _pending(
    home: Cloud, wanted: Move, current: tuple[AliasRecord, bytes, Version] | None
) -> bytes | None:
    """Return the log entry that the alias has not followed yet."""
    seq = 1 if current is None else current[0].seq + 1
    key = layout.alias_log(wanted.model, wanted.alias, seq)
    try:
        return read_document(home, key, AliasRecord)[1]
    except NotFoundError:
        return None


def _swap(home: Cloud, body: bytes, current: tuple[AliasRecord, bytes, Version] | None) -> None:
    """Let the alias follow its log; a failed swap means that somebody else did it."""
    record = decode(body, AliasRecord, where="log")
    key = layout.alias(record.model, record.alias)
    try:
        write_document(home, key, body, mode="create" if current is None else current[2])
    except (AlreadyExistsError, PreconditionError):
        return


def follow(
    home: Cloud, followers: Sequence[Cloud], model: str, alias: str
) -> dict[str, StoreError | DamagedError | FailedError]:
    """Bring the followers' copies of an alias forward to the home's, where its version exists.

    Returns:
        The clouds that could not follow, and why. They are stale, never broken: the alias there
        points at an older version that is whole.

    """
    source = read_alias(home, model, alias)
    if source is None:
        return {}

    def bring(cloud: Cloud) -> None:
        _bring(home, cloud, source[0], source[1])

    return dict(everywhere(followers, bring)[1])


def _bring(home: Cloud, cloud: Cloud, record: AliasRecord, body: bytes) -> None:
    if not cloud.store.exists(layout.version(record.model, record.version)):
        raise DamagedError(
            f"version {record.version} is not there, so {record.alias} stays where it is",
            where=cloud.where(layout.version(record.model, record.version)),
            hint="push the version again",
        )
    theirs = read_alias(cloud, record.model, record.alias)
    known = theirs[0].seq if theirs else 0
    if (theirs[0].epoch if theirs else 0, known) >= (record.epoch, record.seq):
        return
    for seq in range(known + 1, record.seq + 1):
        key = layout.alias_log(record.model, record.alias, seq)
        entry = body if seq == record.seq else read_document(home, key, AliasRecord)[1]
        try:
            write_document(cloud, key, entry, mode="create")
        except AlreadyExistsError:
            if read_document(cloud, key, AliasRecord)[1] != entry:
                raise DamagedError(
                    f"entry {seq} of the history differs from the home's", where=cloud.where(key)
                ) from None
    _swap(cloud, body, theirs)
