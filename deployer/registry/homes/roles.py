"""Which cloud is the home, which follow it, and which have something that it does not know."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from deployer.registry.cloud import Cloud, everywhere
from deployer.registry.format import layout
from deployer.registry.format.records import Marker
from deployer.registry.homes.documents import place_of
from deployer.registry.homes.home import require_one_registry
from deployer.registry.homes.markers import agree, leading, look, lost_home

__all__ = ["Member", "Role", "roles"]

Role = Literal["home", "unfinished", "follower", "fenced", "none", "unreachable"]
"""``unfinished``: its promotion was interrupted; ``fenced``: it was the home and has to be
reconciled; ``none``: it holds no registry yet."""


_Keys: TypeAlias = tuple[frozenset[str], frozenset[str]]


@dataclass(frozen=True)
class Member:
    """What a cloud is.

    Attributes:
        store: the id of its store; empty if it has none or does not answer.
        epoch: that it knows of; None likewise.
        versions: how many it has.
        alone: how many of them the home has not; None where no home answers.
        problem: why it does not answer.

    """

    cloud: str
    url: str
    role: Role
    store: str = ""
    epoch: int | None = None
    versions: int | None = None
    alone: int | None = None
    problem: str = ""


def roles(clouds: Sequence[Cloud]) -> list[Member]:
    """Return what each cloud is; nothing is written.

    Raises:
        UsageError: the stores belong to different registries.

    """
    seen, failed = everywhere(clouds, look)
    markers = {name: found.marker for name, found in seen.items() if found is not None}
    require_one_registry(clouds, markers)
    members = [cloud for cloud in clouds if cloud.name in markers]
    keys, lost = everywhere(members, _versions)
    failed |= lost
    counts = leading(markers.values()) if markers else None
    home = next((name for name, m in markers.items() if counts and m.store == counts.home), "")
    return [
        Member(
            cloud=cloud.name,
            url=cloud.store.url,
            role=_role(cloud, markers, counts, failed=cloud.name in failed),
            store=markers[cloud.name].store if cloud.name in markers else "",
            epoch=markers[cloud.name].epoch if cloud.name in markers else None,
            versions=len(keys[cloud.name][0]) if cloud.name in keys else None,
            alone=_alone(keys[cloud.name], keys[home])
            if {home, cloud.name} <= keys.keys()
            else None,
            problem=failed[cloud.name].message if cloud.name in failed else "",
        )
        for cloud in clouds
    ]


def _versions(cloud: Cloud) -> _Keys:
    """Return the keys of a store's versions, and of those that were taken back."""
    places = [place_of(meta.key) for meta in cloud.store.list(layout.MODELS)]
    return (
        frozenset(place.key for place in places if place and place.kind == "version"),
        frozenset(
            layout.version(place.model, place.number)
            for place in places
            if place and place.kind == "deletion"
        ),
    )


def _alone(own: _Keys, home: _Keys) -> int:
    return len(own[0] - home[0] - home[1])


def _role(
    cloud: Cloud, markers: Mapping[str, Marker], counts: Marker | None, *, failed: bool
) -> Role:
    if failed:
        return "unreachable"
    if counts is None or cloud.name not in markers:
        return "none"
    own = markers[cloud.name]
    if own.store == counts.home:
        return "home" if agree(own, counts) else "unfinished"
    return "fenced" if lost_home(own, counts) else "follower"
