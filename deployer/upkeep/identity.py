"""What the stores say they are: which registry, which of them is the home, and who is wrong.

A store's own record is nobody else's, so no copy of it can bring it back. But registry, home and
epoch are the same everywhere, and the id of a store matters for the home alone, whose id the
others know.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from deployer.registry.format import layout
from deployer.registry.format.records import Marker
from deployer.registry.homes.markers import agree, leading, lost_home
from deployer.upkeep.catalog import Scan

__all__ = ["Identity", "Standing", "identify"]

State = Literal["good", "missing", "damaged", "behind", "replaced", "foreign", "unproven"]


@dataclass(frozen=True)
class Standing:
    """How a store's own record is.

    ``behind``: it names a home of the past; ``replaced``: itself; ``unproven``: it may be right,
    but nothing vouches for it.
    """

    state: State
    detail: str = ""
    hint: str = ""


@dataclass(frozen=True)
class Identity:
    """The registry, as its stores describe it.

    Attributes:
        counts: the record that names registry, home and epoch; None if no store has one.
        home: name of the cloud that is the home; None if it is not among those looked at.
        standings: by cloud name.

    """

    counts: Marker | None
    home: str | None
    standings: Mapping[str, Standing]

    @property
    def foreign(self) -> frozenset[str]:
        """The clouds that belong to another registry."""
        names = (name for name, each in self.standings.items() if each.state == "foreign")
        return frozenset(names)

    @property
    def apart(self) -> frozenset[str]:
        """The clouds whose records do not count: foreign ones, and homes that were replaced."""
        replaced = (name for name, each in self.standings.items() if each.state == "replaced")
        return self.foreign.union(replaced)


def identify(scans: Sequence[Scan], *, complete: bool) -> Identity:
    """Return what `scans` say of the registry.

    Args:
        scans: the clouds.
        complete: whether these are all clouds that there are: then a home whose own record is
            gone can be told from what it holds.

    """
    good = {scan.cloud.name: scan.marker for scan in scans if scan.marker is not None}
    proven = {
        scan.cloud.name: scan.marker
        for scan in scans
        if scan.marker is not None and scan.held[layout.MARKER].witnessed
    }
    trusted = proven or good
    if not trusted:
        return Identity(None, None, {scan.cloud.name: _lone(scan) for scan in scans})
    registry = Counter(each.registry for each in trusted.values()).most_common(1)[0][0]
    counts = leading(each for each in trusted.values() if each.registry == registry)
    standings = {
        scan.cloud.name: _judge(scan, scans, counts, scan.cloud.name in trusted) for scan in scans
    }
    home = next(
        (name for name, each in good.items() if each.store == counts.home and name in trusted), None
    )
    if home is None:
        home = _guess_home(scans, standings, counts, complete=complete)
        if home is not None and standings[home].state != "missing":
            detail = "it does not say that this is the home"
            standings[home] = Standing("damaged", standings[home].detail or detail)
    return Identity(counts, home, standings)


def _lone(scan: Scan) -> Standing:
    held = scan.held.get(layout.MARKER)
    return Standing("damaged", held.problem) if held else _MISSING


_MISSING = Standing("missing", "the store does not say which registry it belongs to")


def _judge(scan: Scan, scans: Sequence[Scan], counts: Marker, trusted: bool) -> Standing:
    held, marker = scan.held.get(layout.MARKER), scan.marker
    if held is None:
        return _MISSING
    if marker is None:
        return Standing("damaged", held.problem)
    if marker.registry != counts.registry:
        if not trusted and _shares_records(scan, scans):
            return Standing("damaged", f"it names another registry: {marker.registry}")
        return Standing(
            "foreign",
            f"it belongs to the registry {marker.registry}, the others to {counts.registry}",
            "give each registry buckets or prefixes of its own",
        )
    if agree(marker, counts):
        if trusted:
            return Standing("good")
        return Standing("unproven", "the digest that its writer recorded is gone")
    said = f"it knows the home of epoch {marker.epoch}, which is now {counts.epoch}"
    if not trusted:
        return Standing("damaged", said)
    if lost_home(marker, counts):
        return Standing("replaced", said, f"deployer home reconcile {scan.cloud.name}")
    if marker.store == counts.home:
        return Standing("behind", said, f"deployer home promote {scan.cloud.name}")
    return Standing("behind", said)


def _shares_records(scan: Scan, scans: Sequence[Scan]) -> bool:
    """Tell whether a store has a record that another one has, too: their ids are unique."""
    own = {(key, held.digest) for key, held in scan.held.items() if key.startswith(layout.MODELS)}
    return any(
        own & {(key, held.digest) for key, held in other.held.items()}
        for other in scans
        if other is not scan
    )


def _guess_home(
    scans: Sequence[Scan], standings: Mapping[str, Standing], counts: Marker, *, complete: bool
) -> str | None:
    """Return the one cloud that must be the home, though it does not say so, or None.

    A store that was wiped is never taken for the home: what it ordered is known no more.
    """
    doubtful = [
        scan
        for scan in scans
        if standings[scan.cloud.name].state in ("missing", "damaged", "unproven")
    ]
    named = f'"store":"{counts.home}"'.encode()
    for scan in doubtful:
        if named in scan.marker_text:
            return scan.cloud.name
    records = {scan.cloud.name: _records(scan) for scan in scans}
    every = set().union(*records.values())
    if not complete or len(doubtful) != 1 or not every:
        return None
    name = doubtful[0].cloud.name
    others = set().union(*(found for other, found in records.items() if other != name))
    return name if records[name] and others <= records[name] else None


def _records(scan: Scan) -> set[str]:
    return {key for key in scan.held if key.startswith(layout.MODELS)}
