"""An alias on every cloud: moved at home, then followed by the others."""

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from deployer.errors import (
    CloudError,
    DeployerError,
    FailedError,
    MissingError,
    PolicyError,
    UsageError,
)
from deployer.registry.aliasing.aliases import Move, follow, move, read_alias
from deployer.registry.cloud import Cloud
from deployer.registry.format.names import LATEST, Reference, check_alias
from deployer.registry.format.records import AliasRecord
from deployer.registry.homes.home import Registry, join, still_home
from deployer.registry.reading.resolve import CREDULOUS, resolve
from deployer.registry.reading.trust import Trust
from providers.errors import StoreError

__all__ = [
    "Moved",
    "Order",
    "carry_out",
    "check_movable",
    "elsewhere",
    "enter",
    "guarded_error",
    "moved_meanwhile",
    "point",
    "remove",
]

MAX_TURNS = 100

Behind = Mapping[str, StoreError | DeployerError]


def _unguarded(_model: str, _alias: str) -> bool:
    return False


@dataclass(frozen=True)
class Order:
    """Who moves an alias, and where.

    Attributes:
        clouds: all that the alias shall move on.
        home: name of the cloud that the user takes for the home; None if that does not matter.
        state: folder for journals and probes.
        note: why, for the history.
        sign: returns the signature of a record's bytes; None signs nothing.
        trust: what is demanded of the version that it shall point at.
        guarded: tells whether only the gate lets an alias of a model move to another version.

    """

    clouds: Sequence[Cloud]
    home: str | None
    state: Path
    note: str | None = None
    sign: Callable[[bytes], str | None] | None = None
    trust: Trust = CREDULOUS
    guarded: Callable[[str, str], bool] = _unguarded

    def move(self, registry: Registry, name: str, alias: str, version: int, manifest: str) -> Move:
        """Return a new act of this order."""
        return Move(
            model=name,
            alias=alias,
            version=version,
            manifest=manifest,
            epoch=registry.epoch,
            txn=str(uuid.uuid4()),
            note=self.note,
            sign=self.sign,
        )


@dataclass(frozen=True)
class Moved:
    """What came of it.

    Attributes:
        record: of the alias, as it is at home now.
        before: the version that it pointed at until then; None if it pointed nowhere.
        moved: False if it was there already.
        behind: cloud name → why it has not followed.
        resumed: whether this finished an act that was interrupted.

    """

    record: AliasRecord
    before: int | None
    moved: bool
    home: str
    behind: Behind
    resumed: bool = False


def enter(order: Order) -> Registry:
    """Return the registry of the order's clouds; none is founded."""
    return join(order.clouds, home=order.home, probes=order.state / "probes", found_new=False)


def check_movable(alias: str) -> str:
    """Return `alias` if it is the user's to move.

    Raises:
        UsageError: it is not.

    """
    if check_alias(alias) == LATEST:
        raise UsageError(
            f"{LATEST!r} follows the newest version by itself", hint="choose another alias"
        )
    return alias


def elsewhere(version: int, expires: str | None = None) -> Callable[[AliasRecord], bool]:
    """Return what tells whether an alias is not yet what it shall be."""
    return lambda current: (
        current.removed or (current.version, current.expires) != (version, expires)
    )


def carry_out(
    registry: Registry,
    wanted: Move,
    allowed: Callable[[AliasRecord], bool],
    followers: Sequence[Cloud],
    behind: Behind,
) -> Moved:
    """Move an alias at home, if `allowed` still agrees, and let the followers follow.

    Raises:
        FailedError: another store became the home meanwhile.

    """
    seen: list[AliasRecord] = []

    def look(current: AliasRecord) -> bool:
        seen.append(current)
        return allowed(current)

    record = move(registry.home, wanted, allowed=look)
    still_home(registry)
    late = follow(registry.home, followers, record)
    return Moved(
        record=record,
        before=seen[-1].version if seen and not seen[-1].removed else None,
        moved=record.txn == wanted.txn,
        home=registry.home.name,
        behind={**behind, **late},
    )


def guarded_error(reference: str, alias: str, digest: str) -> PolicyError:
    """Return the error of a move that only the gate may allow."""
    name = reference.partition(":")[0]
    return PolicyError(
        f"{name}@{alias} is moved by the gate alone ([gate] require_gate_for), and {reference} "
        "was not judged for it",
        hint=f"write: deployer promote {reference} --to {alias}; to pass the gate by, add "
        "--force --reason TEXT",
        digest=digest,
    )


def moved_meanwhile(home: Cloud, current: AliasRecord) -> FailedError:
    """Return the error of a decision that rests on where an alias was a moment ago."""
    where = "took it away" if current.removed else f"moved it to version {current.version}"
    name = f"{current.model}@{current.alias}"
    return FailedError(
        f"{name} is not where it was: {current.by} {where} meanwhile",
        where=home.store.url,
        hint=f"see deployer history {name}, then decide again",
    )


def point(
    order: Order,
    name: str,
    alias: str,
    version: Reference,
    *,
    expires: str | None = None,
    verdict: dict[str, Any] | None = None,
) -> Moved:
    """Point an alias at a version, which `version` names at home.

    An alias that is guarded may be set anew to where it is, such as to expire later: it keeps its
    verdict. To another version it goes with a verdict only.

    Raises:
        MissingError: there is no such version.
        UsageError: the alias is not the user's to move.
        PolicyError: the alias is guarded, and there is no verdict.
        FailedError: somebody moved a guarded alias meanwhile.

    """
    check_movable(alias)
    registry = enter(order)
    resolved = resolve(registry.home, version, order.trust)
    number = resolved.version
    assert number is not None  # noqa: S101 - it was named by number or alias
    found = read_alias(registry.home, name, alias)
    stays = found is not None and not found[0].removed and found[0].version == number
    guarded = order.guarded(name, alias) and verdict is None
    if guarded and not stays:
        raise guarded_error(f"{name}:{number}", alias, resolved.digest)

    def allowed(current: AliasRecord) -> bool:
        if guarded and (current.removed or current.version != number):
            raise moved_meanwhile(registry.home, current)
        return elsewhere(number, expires)(current)

    if found is not None and stays:
        verdict = found[0].verdict
    wanted = order.move(registry, name, alias, number, resolved.digest)
    return carry_out(
        registry,
        replace(wanted, expires=expires, verdict=verdict),
        allowed,
        registry.followers,
        registry.failed,
    )


def remove(order: Order, name: str, alias: str) -> Moved:
    """Take an alias away; its history stays, and it may be set again.

    Raises:
        MissingError: there is no such alias.
        UsageError: the alias is not the user's to move.
        CloudError: somebody else moves it all the time.

    """
    check_movable(alias)
    registry = enter(order)
    for _ in range(MAX_TURNS):
        found = read_alias(registry.home, name, alias)
        if found is None:
            raise MissingError(
                f"{registry.home.name} has no {name}@{alias}",
                where=registry.home.store.url,
                hint=f"see what there is: deployer alias list {name}",
            )
        last = found[0]
        wanted = order.move(registry, name, alias, last.version, last.manifest)
        moved = carry_out(
            registry,
            replace(wanted, removed=True),
            # Only what was read is taken away: the record of it says where the alias pointed.
            lambda current, seq=last.seq: not current.removed and current.seq == seq,  # type: ignore[misc]
            registry.followers,
            registry.failed,
        )
        if moved.record.removed:
            return moved
    raise CloudError(
        f"{name}@{alias} is moved by others all the time",
        where=registry.home.store.url,
        hint="repeat the command",
    )
