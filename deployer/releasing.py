"""Releases: an alias goes to a version, or back, on every cloud as one act.

Nothing moves before the version is known to be whole on every cloud that it shall move on. At
home it is one entry of the alias's history; the other clouds follow.
"""

import contextlib
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec

from deployer import typed
from deployer.errors import (
    DamagedError,
    DeployerError,
    FailedError,
    MissingError,
    PartialError,
    UsageError,
    from_store_error,
)
from deployer.registry.aliasing.aliases import read_alias
from deployer.registry.aliasing.history import Trail, read_trails, stack_of
from deployer.registry.aliasing.pointing import (
    Moved,
    Order,
    carry_out,
    check_movable,
    elsewhere,
    enter,
    guarded_error,
    moved_meanwhile,
)
from deployer.registry.cloud import Cloud, everywhere
from deployer.registry.deleting.deletions import DeletedError, find_deletion
from deployer.registry.format import layout
from deployer.registry.format.names import LATEST, Reference
from deployer.registry.format.records import AliasRecord
from deployer.registry.homes.home import Registry
from deployer.registry.publishing.journal import write_durably
from deployer.registry.publishing.request import Reporter
from deployer.registry.reading.resolve import Resolved, resolve
from deployer.registry.viewing.standing import Standing, stand
from providers.errors import StoreError

__all__ = ["CHAMPION", "Checks", "Judge", "promote", "rollback"]

CHAMPION = "champion"
"""The alias that releases move unless another one is named."""

MAX_MOVES = 200


@dataclass(frozen=True)
class Checks:
    """What must be known of a version before an alias moves to it.

    Attributes:
        require: on how many clouds it must be whole, the home among them.
        deep: whether every byte is read and hashed, or sizes and recorded digests are compared.
        reporter: is told how far that is.

    """

    require: int
    deep: bool
    reporter: Reporter


Judge = Callable[[Cloud, Resolved, AliasRecord | None], dict[str, Any] | None]
"""Says what the gate finds of a version that an alias shall move to, given where it is at home, or
raises PolicyError; what it returns is stored with the move."""


def promote(
    order: Order, checks: Checks, reference: Reference, alias: str, *, judge: Judge | None = None
) -> Moved:
    """Point `alias` at the version that `reference` names at home, on every cloud.

    Repeated after an interruption it finishes the same move; what the alias points at already is
    not judged again.

    Raises:
        PartialError: the version is not whole on enough clouds; nothing was moved.
        PolicyError: the gate refuses it; nothing was moved.
        FailedError: somebody moved the alias while `judge` compared with what it pointed at.
        StoreError, DeployerError: nothing was moved, or the home changed.

    """
    check_movable(alias)
    if reference.digest:
        raise UsageError(
            f"an alias points at a number, and {reference} has none",
            hint="name the version by its number: NAME:3",
        )
    registry = enter(order)
    resolved = resolve(registry.home, reference, order.trust)
    version = resolved.version
    assert version is not None  # noqa: S101 - it was named by number or alias
    _require_kept(registry.home, resolved.name, version)
    ready, behind = _survey(registry, checks, resolved)
    _require_enough(registry, checks, behind)

    found = read_alias(registry.home, resolved.name, alias)
    judged = found[0] if found else None
    if judged is not None and not judged.removed and judged.version == version:
        verdict = judged.verdict
    elif judge is not None:
        verdict = judge(registry.home, resolved, judged)
    elif order.guarded(resolved.name, alias):
        raise guarded_error(f"{resolved.name}:{version}", alias, resolved.digest)
    else:
        verdict = None

    def allowed(current: AliasRecord) -> bool:
        is_elsewhere = elsewhere(version)(current)
        if is_elsewhere and judge is not None and (judged is None or current.seq != judged.seq):
            raise moved_meanwhile(registry.home, current)
        return is_elsewhere

    wanted = order.move(registry, resolved.name, alias, version, resolved.digest)
    return carry_out(registry, replace(wanted, verdict=verdict), allowed, ready, behind)


class _Begun(msgspec.Struct):
    """A rollback that has begun: its move, and the entry of the history that it comes after."""

    txn: str
    after: int
    version: int


def rollback(
    order: Order, checks: Checks, name: str, alias: str | None, *, to: int | None = None
) -> Moved:
    """Point an alias at the version before, or at version `to`, on every cloud.

    Repeated after an interruption on the same machine it finishes that rollback, rather than
    going back once more. The gate's verdict, with which the version was promoted, comes back too.

    Args:
        order: who, and where.
        checks: what must be known of the version first.
        name: of the model.
        alias: None for ``champion``.
        to: a version's number; default is the one that the alias pointed at before.

    Raises:
        MissingError: there is nothing to go back to, or it was deleted.
        DamagedError: the version, or the alias's history, is damaged.
        FailedError: somebody moved the alias meanwhile.
        PolicyError: the alias is guarded, and was never at version `to`.

    """
    if alias is not None:
        check_movable(alias)
    registry = enter(order)
    alias = alias or _default_alias(registry.home, name)
    trail = read_trails(registry.home, name, [alias], MAX_MOVES)[0]
    last = _last(registry.home, name, trail)
    journal = order.state / "rollback" / f"{_mark(registry.id, name, alias)}.json"
    begun = _load(journal)
    # Interrupted behind the move: another one would go back once more.
    resumed = begun is not None and begun.txn == last.txn and to in (None, begun.version)
    version = last.version if resumed else to or _before(registry.home, name, trail)
    _require_kept(registry.home, name, version)
    resolved = resolve(registry.home, Reference(name, version=version), order.trust)
    earlier = _earlier(trail, version, resolved.digest)
    if order.guarded(name, alias) and not earlier:
        raise guarded_error(f"{name}:{version}", alias, resolved.digest)
    ready, behind = _survey(registry, checks, resolved)
    if not resumed:
        _require_enough(registry, checks, behind)
    wanted = order.move(registry, name, alias, version, resolved.digest)
    # The newest verdict counts: the version may have been promoted more than once.
    wanted = replace(wanted, verdict=next(filter(None, (each.verdict for each in earlier)), None))
    if begun is not None and (resumed or (begun.after, begun.version) == (last.seq, version)):
        # The same id: its write may still be under way, and must not count twice.
        wanted = replace(wanted, txn=begun.txn)
    elif version != last.version:
        begun = _Begun(txn=wanted.txn, after=last.seq, version=version)
        write_durably(journal, msgspec.json.encode(begun))

    def still_there(current: AliasRecord) -> bool:
        if current.seq != last.seq:
            raise FailedError(
                f"{current.by} moved {name}@{alias} to version {current.version} meanwhile",
                where=registry.home.store.url,
                hint=f"see deployer history {name}@{alias}, then decide again",
            )
        return current.version != version

    moved = carry_out(registry, wanted, still_there, ready, behind)
    journal.unlink(missing_ok=True)
    before = trail.entries[0].before if resumed else moved.before
    return replace(moved, before=before, resumed=resumed)


def _load(journal: Path) -> _Begun | None:
    with contextlib.suppress(FileNotFoundError, msgspec.DecodeError):
        return typed.decode(journal.read_bytes(), _Begun)
    return None


def _mark(*what: str) -> str:
    return hashlib.sha256("\0".join(what).encode()).hexdigest()


def _default_alias(home: Cloud, name: str) -> str:
    """Return the alias that a rollback means when it names none."""
    if read_alias(home, name, CHAMPION) is not None:
        return CHAMPION
    if read_alias(home, name, LATEST) is None:
        raise _unknown(home, f"model {name!r}", "deployer list")
    raise UsageError(
        f"{name} has no alias {CHAMPION!r}, and {LATEST!r} follows the newest version by itself",
        hint=f"name the alias that is to go back: deployer rollback {name}@ALIAS",
    )


def _unknown(home: Cloud, what: str, command: str) -> MissingError:
    return MissingError(
        f"{home.name} has no {what}",
        where=home.store.url,
        hint=f"see what there is: {command}",
    )


def _last(home: Cloud, name: str, trail: Trail) -> AliasRecord:
    """Return the newest move of an alias that points somewhere."""
    if not trail.entries and not trail.problem:
        raise _unknown(home, f"{name}@{trail.alias}", f"deployer alias list {name}")
    record = trail.entries[0].record if trail.entries else None
    if trail.problem or record is None:
        raise _broken(home, name, trail, f"deployer history {name}@{trail.alias}")
    if record.removed:
        raise MissingError(
            f"{name}@{trail.alias} was removed at {record.at} by {record.by}",
            where=home.store.url,
            hint=f"set it again: deployer alias set {name} {trail.alias} {record.version}",
        )
    return record


def _broken(home: Cloud, name: str, trail: Trail, command: str) -> DamagedError:
    return DamagedError(
        f"the history is not to be trusted: {trail.problems[0]}",
        where=home.where(layout.alias(name, trail.alias)),
        hint=f"compare it with the other clouds', or: {command}",
    )


def _before(home: Cloud, name: str, trail: Trail) -> int:
    """Return the version that an alias pointed at before the one it points at."""
    command = f"deployer rollback {name}@{trail.alias} --to N"
    if trail.problems:
        raise _broken(home, name, trail, command)
    records = [entry.record for entry in reversed(trail.entries) if entry.record]
    stack = stack_of([record.version for record in records], whole=trail.whole)
    if len(stack) > 1:
        return stack[-2]
    seen = "" if trail.whole else f" in its newest {MAX_MOVES} moves"
    raise MissingError(
        f"there is nothing to go back to: {name}@{trail.alias} has no version before "
        f"{stack[-1]}{seen}",
        where=home.store.url,
        hint=f"name a version: {command}",
    )


def _earlier(trail: Trail, version: int, digest: str) -> list[AliasRecord]:
    """Return the moves of an alias to a version that can be believed, the newest first."""
    records = [entry.record for entry in trail.entries if entry.record and not entry.problem]
    wanted = (version, digest)
    return [
        each for each in records if (each.version, each.manifest) == wanted and not each.removed
    ]


def _require_kept(home: Cloud, name: str, version: int) -> None:
    """Refuse a version that was taken back, or is about to be."""
    found = find_deletion(home, name, version)
    if found is not None:
        raise DeletedError(home, found[0])


def _survey(
    registry: Registry, checks: Checks, resolved: Resolved
) -> tuple[list[Cloud], dict[str, StoreError | DeployerError]]:
    """Return the followers that have the whole version, and why the other clouds do not."""
    sizes = {file.sha256: file.size for file in resolved.manifest.files}

    def look(cloud: Cloud) -> None:
        if not checks.deep:
            _require_whole(registry.home, cloud, resolved, stand(cloud, resolved))
            return
        checks.reporter.begin(cloud.name, sum(sizes.values()))
        try:
            standing = stand(
                cloud,
                resolved,
                deep=True,
                progress=lambda count: checks.reporter.advance(cloud.name, count),
            )
            _require_whole(registry.home, cloud, resolved, standing)
        except (StoreError, DeployerError) as error:
            checks.reporter.finish(cloud.name, str(error))
            raise
        checks.reporter.finish(cloud.name, None)

    _, failed = everywhere(registry.clouds, look)
    behind = {**registry.failed, **failed}
    return [cloud for cloud in registry.followers if cloud.name not in behind], behind


def _require_whole(home: Cloud, cloud: Cloud, resolved: Resolved, standing: Standing) -> None:
    if standing.state == "complete":
        return
    kind = DamagedError if standing.state in {"damaged", "diverged"} else PartialError
    other = cloud.name if cloud.name != home.name else "CLOUD"
    raise kind(
        f"{resolved.name}:{resolved.version} is {standing.detail}"
        if standing.state in {"behind", "diverged"}
        else f"{resolved.name}:{resolved.version} has {standing.detail}",
        where=cloud.store.url,
        hint=f"bring it there: deployer repair --clouds {home.name},{other}",
    )


def _require_enough(
    registry: Registry, checks: Checks, behind: Mapping[str, StoreError | DeployerError]
) -> None:
    """Stop before anything moves unless enough clouds, the home among them, are ready."""
    home = registry.home.name
    ready = [cloud.name for cloud in registry.clouds if cloud.name not in behind]
    if home in ready and len(ready) >= checks.require:
        return
    name = home if home in behind else next(iter(behind))
    error = behind[name]
    seen = from_store_error(error) if isinstance(error, StoreError) else error
    fewer = "" if name == home else "or go without it: --require majority"
    raise type(seen)(
        f"nothing was moved, because {name} is not ready: {seen.message}",
        where=seen.where,
        hint="; ".join(filter(None, (seen.hint, fewer))),
    ) from error
