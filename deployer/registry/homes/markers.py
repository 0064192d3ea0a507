"""Who is the home: what stores say of it, what this machine remembers of it, and which counts.

Each store's marker names a home and an epoch, which is raised whenever another store becomes the
home. The highest epoch counts. Should two stores have become the home of one epoch, which takes
two promotions that could not see each other, the lower store id counts, for every client alike.
"""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from deployer.errors import FailedError
from deployer.registry.cloud import Cloud, read_document, write_document
from deployer.registry.format import layout
from deployer.registry.format.records import Marker, encode
from providers.errors import BucketNotFoundError, NotFoundError, PreconditionError
from providers.model import Version

__all__ = ["Epochs", "Seen", "agree", "leading", "look", "lost_home", "order", "swap"]

MAX_TURNS = 20


@dataclass(frozen=True)
class Seen:
    """A store's marker, and which write of it."""

    marker: Marker
    version: Version


def look(cloud: Cloud) -> Seen | None:
    """Return what the store says it is, or None for one that holds no registry."""
    try:
        marker, _, version = read_document(cloud, layout.MARKER, Marker)
    except BucketNotFoundError:
        raise
    except NotFoundError:
        return None
    return Seen(marker, version)


def order(epoch: int, home: str) -> tuple[int, int]:
    """Return what tells which of two claims to be the home counts: the greater one."""
    return epoch, -uuid.UUID(home).int


def _order(marker: Marker) -> tuple[int, int]:
    return order(marker.epoch, marker.home)


def leading(markers: Iterable[Marker]) -> Marker:
    """Return the marker that counts; at least one must be given."""
    return max(markers, key=_order)


def agree(one: Marker, other: Marker) -> bool:
    """Tell whether two stores name the same home of the same epoch."""
    return (one.epoch, one.home) == (other.epoch, other.home)


def lost_home(marker: Marker, counts: Marker) -> bool:
    """Tell whether a store takes itself for the home, and another one is.

    What was published there since is unknown to the others.
    """
    return marker.home == marker.store != counts.home


def swap(cloud: Cloud, to: Marker, *, newest: Marker) -> bool:
    """Let the store's marker name the home and the epoch of `to`; return whether it was written.

    Args:
        cloud: whose marker.
        to: names the home and its epoch.
        newest: a marker that counts for more than this one is left alone: somebody else's
            promotion came in between.

    Raises:
        FailedError: the marker is such a one, or is gone.

    """
    for _ in range(MAX_TURNS):
        seen = look(cloud)
        if seen is not None and agree(seen.marker, to):
            return False
        if seen is None or _order(seen.marker) > _order(newest):
            break
        marker = msgspec.structs.replace(seen.marker, home=to.home, epoch=to.epoch)
        try:
            write_document(cloud, layout.MARKER, encode(marker), mode=seen.version)
        except PreconditionError:
            continue
        return True
    raise FailedError(
        "the home changes at this moment",
        where=cloud.where(layout.MARKER),
        hint="look at it with 'deployer home show', then repeat the command",
    )


class Epochs:
    """The epochs of one registry that this machine has seen: empty files, named by what they say.

    A new file never replaces another, so nothing is forgotten when several processes write. The
    first epoch is not noted down: nothing is older.
    """

    def __init__(self, state: Path, registry: str) -> None:
        self._folder = state / "epochs" / registry

    def newest(self) -> tuple[int, str] | None:
        """Return the epoch and the home that count most of all seen, or None."""
        names = [path.name for path in self._folder.glob("*.*")]
        pairs = [(int(epoch), home) for epoch, _, home in (name.partition(".") for name in names)]
        return max(pairs, key=lambda pair: order(*pair), default=None)

    def remember(self, marker: Marker) -> None:
        """Note an epoch down."""
        path = self._folder / f"{marker.epoch}.{marker.home}"
        if marker.epoch > 1 and not path.exists():
            self._folder.mkdir(parents=True, exist_ok=True)
            path.touch()

    def newer_than(self, marker: Marker) -> int | None:
        """Return the epoch remembered, if it counts for more than `marker`'s."""
        known = self.newest()
        return known[0] if known is not None and order(*known) > _order(marker) else None
