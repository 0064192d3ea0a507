"""Which store is the home, and writing what stores say of themselves where that is gone."""

import uuid
from collections.abc import Sequence

import msgspec

from deployer.errors import (
    CloudError,
    DamagedError,
    FailedError,
    MissingError,
    UsageError,
)
from deployer.registry.cloud import Cloud, write_document
from deployer.registry.format import layout
from deployer.registry.format.records import Marker, encode
from deployer.registry.who import now, stamp
from deployer.upkeep.identity import Identity
from deployer.upkeep.reading import condition_of, look_at
from deployer.upkeep.verify import Verified
from providers.errors import AlreadyExistsError, PreconditionError

__all__ = ["require_home", "to_be_marked", "write_markers"]


def require_home(verified: Verified, clouds: Sequence[Cloud]) -> None:
    """Stop before anything is written unless it is known which cloud is the home.

    Raises:
        FailedError, CloudError: it is gone, or does not answer.
        DamagedError, MissingError: no cloud says which registry it belongs to.
        UsageError: it is not among the clouds; or they are of several registries.

    """
    identity, failed = verified.identity, verified.survey.failed
    if identity.foreign:
        name = min(identity.foreign)
        standing = identity.standings[name]
        where = next(cloud.store.url for cloud in clouds if cloud.name == name)
        raise UsageError(standing.detail, where=where, hint=standing.hint)
    if identity.home is not None:
        return
    for name, error in failed.items():
        raise CloudError(
            f"{name} may be the home and does not answer: {error.message}",
            hint="repeat the command later, or choose another home: deployer home promote CLOUD",
        )
    urls = ", ".join(cloud.store.url for cloud in clouds)
    if identity.counts is None:
        unreadable = [n for n, each in identity.standings.items() if each.state == "damaged"]
        if unreadable:
            raise DamagedError(
                f"no cloud says which registry it belongs to: {', '.join(unreadable)} is damaged",
                where=urls,
                hint="name a cloud that is whole, too: --clouds",
            )
        raise MissingError(
            "there is no registry here",
            where=urls,
            hint="publish a model first: deployer push DIR NAME",
        )
    standings = identity.standings
    gone = [name for name, each in standings.items() if each.state in ("missing", "damaged")]
    if gone:
        left = next(name for name, each in standings.items() if name not in gone)
        raise FailedError(
            f"the home of this registry is gone; it may have been {' or '.join(gone)}",
            where=urls,
            hint=f"choose another home, then repeat the command: deployer home promote {left}",
        )
    raise UsageError(
        "the home of this registry is not among these clouds",
        where=urls,
        hint="name the cloud that is its home, too: --clouds",
    )


def to_be_marked(identity: Identity) -> list[str]:
    """Return the names of the clouds whose own record must be written."""
    states = ("damaged", "unproven", "missing")
    return [name for name, each in identity.standings.items() if each.state in states]


def write_markers(verified: Verified, names: Sequence[str]) -> set[str]:
    """Write what damaged stores should say of themselves; a new follower's is for joining."""
    identity, done = verified.identity, set()
    counts = identity.counts
    assert counts is not None  # noqa: S101 - there is a home
    for name in names:
        scan = verified.survey.scans[name]
        held = scan.held.get(layout.MARKER)
        if name == identity.home:
            marker = msgspec.structs.replace(counts, store=counts.home)
        elif held is None:
            done.add(name)
            continue
        elif identity.standings[name].state == "unproven" and scan.marker is not None:
            marker = scan.marker
        else:
            marker = _new_marker(counts)
        _swap_marker(scan.cloud, marker, held.digest if held else None)
        done.add(name)
    return done


def _new_marker(counts: Marker) -> Marker:
    return msgspec.structs.replace(counts, store=str(uuid.uuid4()), created=stamp(now()))


def _swap_marker(cloud: Cloud, marker: Marker, seen: str | None) -> None:
    found = look_at(cloud, layout.MARKER)
    changed = found is not None and found.held.digest != seen
    try:
        if not changed:
            mode = condition_of(found)
            write_document(cloud, layout.MARKER, encode(marker), mode=mode)
            return
    except (AlreadyExistsError, PreconditionError):
        pass
    raise CloudError(
        "somebody else writes it at this moment",
        where=cloud.where(layout.MARKER),
        hint="repeat the command",
    )
