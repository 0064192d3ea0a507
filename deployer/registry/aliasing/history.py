"""Who moved which alias, when and why: the logs of aliases, read from their end and verified.

Each entry holds the digest of the one before it. What does not fit is shown and said, never
passed over: a history that somebody rewrote must not look like one that nobody touched.
"""

import heapq
import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from deployer.errors import DamagedError, MissingError
from deployer.registry.aliasing.aliases import read_alias
from deployer.registry.cloud import Cloud, in_parallel, read_document
from deployer.registry.deleting.deletions import find_deletion
from deployer.registry.format import layout
from deployer.registry.format.records import AliasRecord, Deletion, digest
from deployer.registry.viewing.inventory import alias_names
from providers.errors import BucketNotFoundError, NotFoundError

__all__ = ["Entry", "Trail", "history", "read_trails", "stack_of"]

MISSING = "is missing"


@dataclass(frozen=True)
class Entry:
    """One move of an alias.

    Attributes:
        record: None if it cannot be read.
        before: the version that it pointed at until then; None if it pointed nowhere, or if
            that cannot be told.
        problem: why this part of the history must not be believed; empty if it may.

    """

    alias: str
    seq: int
    record: AliasRecord | None
    before: int | None
    problem: str


@dataclass(frozen=True)
class Trail:
    """The newest moves of one alias.

    Attributes:
        entries: the newest first.
        whole: whether the first move is among them.
        problem: what is wrong with the alias itself; empty if it is one of the entries.

    """

    alias: str
    entries: tuple[Entry, ...]
    whole: bool
    problem: str = ""

    @property
    def problems(self) -> tuple[str, ...]:
        """Everything that is wrong with it."""
        wrong = [f"entry {each.seq} {each.problem}" for each in self.entries if each.problem]
        return tuple(f"{self.alias}: {each}" for each in [self.problem, *wrong] if each)


@dataclass(frozen=True)
class _Read:
    """One entry as it was found: its record and digest, or what is wrong with it."""

    record: AliasRecord | None = None
    digest: str | None = None
    problem: str = ""


def read_trails(cloud: Cloud, name: str, aliases: Sequence[str], limit: int) -> list[Trail]:
    """Return the newest `limit` moves of each of some aliases of a model."""
    heads = in_parallel(lambda alias: _head(cloud, name, alias), aliases)
    # One more than is shown, to check the last one against.
    wanted = [
        (alias, seq)
        for alias, (top, _, _) in zip(aliases, heads, strict=True)
        for seq in range(top + 1, max(top - limit - 1, 0), -1)
    ]
    found: dict[str, dict[int, _Read]] = {alias: {} for alias in aliases}
    read = in_parallel(lambda pair: _read(cloud, name, *pair), wanted)
    for (alias, seq), each in zip(wanted, read, strict=True):
        found[alias][seq] = each
    for alias, (top, _, _) in zip(aliases, heads, strict=True):
        _read_ahead(cloud, name, alias, top + 1, found[alias])
    return [
        _trail(alias, head, found[alias], limit) for alias, head in zip(aliases, heads, strict=True)
    ]


def _read_ahead(cloud: Cloud, name: str, alias: str, seq: int, found: dict[int, _Read]) -> None:
    """Add the entries that the alias has yet to follow: of moves under way, or broken off."""
    while found[seq].problem != MISSING:
        seq += 1
        found[seq] = _read(cloud, name, alias, seq)
    del found[seq]


_Head = tuple[int, str | None, str]


def _head(cloud: Cloud, name: str, alias: str) -> _Head:
    """Return the alias's place in its log, its digest, and what is wrong with it."""
    try:
        found = read_alias(cloud, name, alias)
    except DamagedError as error:
        prefix = layout.alias_log(name, alias, 1).removesuffix("00000001.json")
        keys = [meta.key.removeprefix(prefix) for meta in cloud.store.list(prefix)]
        return max((int(k[:8]) for k in keys if k[:8].isdigit()), default=0), None, str(error)
    return (found[0].seq, digest(found[1]), "") if found else (0, None, "")


def _read(cloud: Cloud, name: str, alias: str, seq: int) -> _Read:
    try:
        record, body, _ = read_document(cloud, layout.alias_log(name, alias, seq), AliasRecord)
    except BucketNotFoundError:
        raise
    except NotFoundError:
        return _Read(problem=MISSING)
    except DamagedError as error:
        return _Read(problem=f"is damaged: {error.message}")
    if (record.model, record.alias, record.seq) != (name, alias, seq):
        said = f"{record.model}@{record.alias}, move {record.seq}"
        return _Read(problem=f"is damaged: it says that it is of {said}")
    return _Read(record, digest(body))


def _trail(alias: str, head: _Head, found: dict[int, _Read], limit: int) -> Trail:
    top, alias_digest, problem = head
    own = found.get(top, _Read())
    if top and alias_digest is not None and own.digest not in (None, alias_digest):
        problem = f"the alias is not what entry {top} of its history says"
    shown = sorted(found, reverse=True)[:limit]
    entries = []
    for seq in shown:
        each, previous = found[seq], found.get(seq - 1, _Read())
        expected = None if seq == 1 else previous.digest
        wrong = each.problem
        if each.record is not None and each.record.prev != expected:
            wrong = f"does not continue entry {seq - 1}"
            if previous.problem:
                wrong = f"cannot be verified: entry {seq - 1} {previous.problem}"
        before = previous.record
        pointed = before.version if before is not None and not before.removed else None
        entries.append(Entry(alias, seq, each.record, pointed, wrong))
    return Trail(alias, tuple(entries), whole=not shown or shown[-1] == 1, problem=problem)


def stack_of(versions: Iterable[int], *, whole: bool) -> list[int]:
    """Return the versions that lead to the one an alias points at, which is the last.

    A version that is among them already is a way back: those after it are given up. So what an
    alias goes back to is never a version that it was taken away from.

    Args:
        versions: where it pointed, in order.
        whole: whether the first move is among them. Where it is not, a lower number that was not
            seen may be a way back to before that, so that nothing is known to be below it.

    """
    stack: list[int] = []
    for version in versions:
        if version in stack:
            del stack[stack.index(version) + 1 :]
            continue
        if not whole and stack and version < stack[-1]:
            stack.clear()
        stack.append(version)
    return stack


def history(
    cloud: Cloud, name: str, alias: str | None, limit: int
) -> tuple[list[Entry | Deletion], list[str]]:
    """Return what happened to a model, the newest first.

    Args:
        cloud: whose copy of the history.
        name: of the model.
        alias: only its moves; None for all aliases, and the versions that were taken back.
        limit: how many at most.

    Returns:
        Moves and deletions, and what is wrong with them.

    Raises:
        MissingError: there is no such model or alias.

    """
    trails = read_trails(cloud, name, [alias] if alias else alias_names(cloud, name), limit)
    deletions = [] if alias else _deletions(cloud, name, limit)
    if not deletions and not any(trail.entries or trail.problem for trail in trails):
        raise MissingError(
            f"{cloud.name} has no history of {f'{name}@{alias}' if alias else repr(name)}",
            where=cloud.store.url,
            hint="see what there is: deployer list",
        )
    parts: list[list[tuple[str, Entry | Deletion]]] = [[(each.at, each) for each in deletions]]
    for trail in trails:
        part: list[tuple[str, Entry | Deletion]] = []
        at = "9999"
        for entry in trail.entries:
            at = entry.record.at if entry.record else at  # what cannot be read stays in its place
            part.append((at, entry))
        parts.append(part)
    merged = heapq.merge(*parts, key=lambda pair: pair[0], reverse=True)
    events = [event for _, event in itertools.islice(merged, limit)]
    return events, [problem for trail in trails for problem in trail.problems]


def _deletions(cloud: Cloud, name: str, limit: int) -> list[Deletion]:
    """Return the newest deletions, by the store's clock where it tells."""
    prefix = layout.deletions(name)
    listed = sorted(
        cloud.store.list(prefix),
        key=lambda meta: (meta.modified.timestamp() if meta.modified else 0.0, meta.key),
    )
    names = [meta.key.removeprefix(prefix).removesuffix(".json") for meta in listed]
    numbers = [int(text) for text in names if len(text) == 8 and text.isdigit()]  # noqa: PLR2004
    found = in_parallel(lambda number: find_deletion(cloud, name, number), numbers[-limit:])
    done = [each[0] for each in found if each is not None and not each[0].claim]
    return sorted(done, key=lambda each: each.at, reverse=True)
