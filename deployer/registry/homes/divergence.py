"""What a cloud has that the home does not know, or knows otherwise. Pure, but for the reading."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from deployer.registry.cloud import Cloud, read_bytes, read_document
from deployer.registry.format import layout
from deployer.registry.format.records import AliasRecord, Deletion, VersionRecord, decode
from deployer.registry.homes.documents import Place, places

__all__ = ["Divergent", "divergent", "lacking"]


@dataclass(frozen=True)
class Divergent:
    """One document that the home does not have.

    Attributes:
        place: what it is about.
        sha256: hex digest of its bytes.
        taken: whether the home has another document there.
        version: its number and the manifest that it names.
        by: who wrote it.
        at: when.

    """

    place: Place
    sha256: str
    taken: bool
    version: int
    manifest: str
    by: str
    at: str


def divergent(
    cloud: Cloud, here: Mapping[str, str], home: Cloud, there: Mapping[str, str]
) -> Sequence[Divergent]:
    """Return what only `cloud` has, or has otherwise than the home; versions first.

    Args:
        cloud: what may have gone another way.
        here: its documents' keys and digests, listed before the home's.
        home: what counts.
        there: its documents' keys and digests.

    """
    found = []
    for place in places(key for key in here if there.get(key) != here[key]):
        if place.kind == "alias":
            continue  # follows its log
        each = _read(cloud, place, here[place.key], taken=place.key in there)
        if place.kind != "version" or each.taken or not _deleted(home, there, each):
            found.append(each)
    ranks = ("version", "deletion", "move")
    return sorted(found, key=lambda each: (ranks.index(each.place.kind), each.place))


def lacking(here: Mapping[str, str], there: Mapping[str, str]) -> Sequence[Place]:
    """Return what a cloud lacks that the home has; aliases are left out."""
    return [place for place in places(there.keys() - here.keys()) if place.kind != "alias"]


def _read(cloud: Cloud, place: Place, sha256: str, *, taken: bool) -> Divergent:
    body, _ = read_bytes(cloud, place.key)
    where = cloud.where(place.key)
    match place.kind:
        case "version":
            version = decode(body, VersionRecord, where=where)
            number, manifest, by, at = place.number, version.manifest, version.by, version.created
        case "deletion":
            gone = decode(body, Deletion, where=where)
            number, manifest, by, at = place.number, gone.manifest, gone.by, gone.at
        case _:
            move = decode(body, AliasRecord, where=where)
            number, manifest, by, at = move.version, move.manifest, move.by, move.at
    return Divergent(place, sha256, taken, number, manifest, by, at)


def _deleted(home: Cloud, there: Mapping[str, str], version: Divergent) -> bool:
    """Tell whether the home had this very version, and took it back."""
    key = layout.deleted(version.place.model, version.place.number)
    if key not in there:
        return False
    return read_document(home, key, Deletion)[0].manifest == version.manifest
