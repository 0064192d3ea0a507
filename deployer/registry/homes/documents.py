"""What a store says of its models, document by document, and how that differs between stores."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from deployer.registry.cloud import Cloud, in_parallel, read_bytes
from deployer.registry.format import keys, layout
from deployer.registry.format.records import Deletion, decode, digest
from providers.errors import BucketNotFoundError, NotFoundError
from providers.model import ObjectMeta

__all__ = ["Documents", "Place", "logs_in", "place_of", "places"]

Kind = Literal["version", "deletion", "move", "alias"]

_KINDS: Mapping[keys.Kind, Kind] = {
    keys.Kind.VERSION: "version",
    keys.Kind.DELETION: "deletion",
    keys.Kind.ENTRY: "move",
    keys.Kind.ALIAS: "alias",
}


@dataclass(frozen=True, order=True)
class Place:
    """What a document is about.

    Attributes:
        number: of the version or of the move; 0 for an alias.
        alias: empty for versions and deletions.

    """

    model: str
    kind: Kind
    alias: str
    number: int
    key: str

    def __str__(self) -> str:
        match self.kind:
            case "version":
                return f"{self.model}:{self.number}"
            case "deletion":
                return f"the deletion of {self.model}:{self.number}"
            case "move":
                return f"move {self.number} of {self.model}@{self.alias}"
        return f"{self.model}@{self.alias}"


def place_of(key: str) -> Place | None:
    """Return what the document at `key` is about; None if it is none of a model's."""
    found = keys.place_of(key)
    if found is None or found.kind not in _KINDS:
        return None
    return Place(found.model, _KINDS[found.kind], found.name, found.number, key)


def places(names: Iterable[str]) -> list[Place]:
    """Return what the documents at these keys are about, in order."""
    return sorted(place for place in map(place_of, names) if place is not None)


def logs_in(names: Iterable[str]) -> dict[tuple[str, str], list[Place]]:
    """Return the moves of each ``(model, alias)`` that any document is about, all in order."""
    logs: dict[tuple[str, str], list[Place]] = {}
    for place in places(names):
        if place.alias:
            log = logs.setdefault((place.model, place.alias), [])
            if place.kind == "move":
                log.append(place)
    return logs


@dataclass(frozen=True)
class _Seen:
    """What a document was when it was read."""

    sha256: str
    claim: bool


class Documents:
    """The documents of one store. Looking again reads only what has changed.

    Attributes:
        claims: keys of the deletions that were only announced when it was last looked: they are
            left out of what there is.

    """

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.claims: frozenset[str] = frozenset()
        self._known: dict[tuple[str, str], _Seen] = {}

    def look(self) -> dict[str, str]:
        """Return the key and the hex SHA-256 of every document of a model."""
        metas = [meta for meta in self.cloud.store.list(layout.MODELS) if place_of(meta.key)]
        found = dict(zip((m.key for m in metas), in_parallel(self._see, metas), strict=True))
        self.claims = frozenset(key for key, seen in found.items() if seen and seen.claim)
        # What is None was removed since it was listed.
        return {key: seen.sha256 for key, seen in found.items() if seen and not seen.claim}

    def _see(self, meta: ObjectMeta) -> _Seen | None:
        place = place_of(meta.key)
        deletion = place is not None and place.kind == "deletion"
        if meta.sha256 is not None and not deletion:
            return _Seen(meta.sha256, claim=False)
        at = (meta.key, meta.version.token)
        if at not in self._known:
            try:
                body, version = read_bytes(self.cloud, meta.key)
            except BucketNotFoundError:
                raise
            except NotFoundError:
                return None
            at = (meta.key, version.token)
            claim = deletion and decode(body, Deletion, where=self.cloud.where(meta.key)).claim
            self._known[at] = _Seen(digest(body), claim=claim)
        return self._known[at]
