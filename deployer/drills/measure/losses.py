"""What was lost: acknowledged publishes that are missing afterwards (RPO), and damaged objects.

A publish is kept if each cloud that it was acknowledged for holds it whole, under its number and
with the digest that was acknowledged. It is *renumbered* if it is not kept so, and all of these
clouds hold that digest whole under one other number of the same model, which was not acknowledged
for it before: two homes had given one number away, and `deployer home reconcile` has published the
second version again. Whoever has its digest finds it; whoever asks for its number gets the other
one, and so it is told. A publish that is neither is lost.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from deployer.drills.evidence.records import Event, Integrity
from deployer.drills.measure.figures import Damaged, Lost, Renumbered

__all__ = ["Standing", "damaged", "lost", "published", "renumbered", "standing"]


class Standing(NamedTuple):
    """What became of an acknowledged publish.

    Attributes:
        event: of its first acknowledgement.
        digest: that was acknowledged.
        missing: clouds that do not hold it under its number; empty if it is kept.
        now: ``model:version`` under which all of its clouds hold it, if it is renumbered; else "".

    """

    event: Event
    digest: str
    missing: tuple[str, ...]
    now: str


def published(events: Sequence[Event]) -> list[Event]:
    """Return the acknowledged publishes, each version once: when it was acknowledged first.

    One that was acknowledged again, such as by a resumed push, must be on the clouds of all its
    acknowledgements.
    """
    found: dict[tuple[str, str], Event] = {}
    for event in events:
        if event.kind != "published":
            continue
        key = (event.name, _digest(event))
        first = found.get(key, event)
        clouds = dict.fromkeys([*_clouds(first), *_clouds(event)])
        found[key] = Event(
            first.at, first.wall, first.kind, first.name, first.ok,
            {**first.detail, "clouds": list(clouds)},
        )  # fmt: skip
    return list(found.values())


def standing(publishes: Sequence[Event], integrity: Integrity) -> list[Standing]:
    """Return what became of each acknowledged publish.

    Args:
        publishes: see :func:`published`.
        integrity: what the clouds hold.

    """
    found = []
    for event in publishes:
        digest, clouds = _digest(event), _clouds(event)
        missing = tuple(
            cloud for cloud in clouds if _held(integrity, cloud).get(event.name) != digest
        )
        taken = {each.name for each in publishes if _digest(each) == digest and each.at <= event.at}
        now = _elsewhere(event, digest, integrity, taken) if missing else ""
        found.append(Standing(event, digest, missing, now))
    return found


def _elsewhere(event: Event, digest: str, integrity: Integrity, taken: set[str]) -> str:
    """Return the lowest number under which all clouds of a publish hold it; "" if there is none."""
    model = event.name.rpartition(":")[0]
    names = [
        {
            name
            for name, held in _held(integrity, cloud).items()
            if held == digest and name.rpartition(":")[0] == model
        }
        for cloud in _clouds(event)
    ]
    common = set.intersection(*names) - taken
    return min(common, key=lambda name: (len(name), name), default="")


def lost(fault: float | None, publishes: Sequence[Standing]) -> tuple[tuple[Lost, ...], float]:
    """Return the acknowledged publishes that are lost, and how far back the loss goes.

    Args:
        fault: when the first fault was; None if nothing was broken.
        publishes: see :func:`standing`.

    Returns:
        The lost ones, and the seconds from the oldest of them to the fault; 0 if none is.

    """
    found = []
    for each in publishes:
        if each.missing and not each.now:
            age = max(0.0, fault - each.event.at) if fault is not None else 0.0
            found.append(Lost(each.event.name, each.digest, each.missing, age))
    return tuple(found), max((each.age for each in found), default=0.0)


def renumbered(publishes: Sequence[Standing]) -> tuple[Renumbered, ...]:
    """Return the acknowledged publishes that are there under another number."""
    return tuple(
        Renumbered(each.event.name, each.digest, each.now)
        for each in publishes
        if each.missing and each.now
    )


def damaged(integrity: Integrity) -> tuple[Damaged, ...]:
    """Return the objects whose content is not what was promised."""
    return tuple(
        Damaged(cloud, each.key)
        for cloud, objects in integrity.clouds.items()
        for each in objects
        if not each.intact
    )


def _digest(event: Event) -> str:
    return str(event.detail.get("digest", ""))


def _clouds(event: Event) -> tuple[str, ...]:
    return tuple(map(str, event.detail.get("clouds", ())))


def _held(integrity: Integrity, cloud: str) -> Mapping[str, str]:
    return integrity.versions.get(cloud, {})
