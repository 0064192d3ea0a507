"""Which registry a store belongs to, which store orders its publishes, and whether it can be trusted to."""

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from deployer.errors import DeployerError, MissingError, UsageError
from deployer.registry import layout
from deployer.registry.cloud import Cloud, everywhere, read_marker, write_document
from deployer.registry.records import FORMAT, Marker, encode
from deployer.registry.who import now, stamp
from providers.errors import AlreadyExistsError, StoreError

__all__ = ["Registry", "join"]


@dataclass(frozen=True)
class Registry:
    """The stores of one registry, as far as a command was given them.

    Attributes:
        id: shared by all of them.
        epoch: of the home.
        home: the store that orders publishes.
        clouds: those that answer, the home included.
        failed: cloud name → why it does not take part.
        checks_uploads: cloud name → whether it was seen to refuse a wrong checksum.

    """

    id: str
    epoch: int
    home: Cloud
    clouds: tuple[Cloud, ...]
    failed: Mapping[str, StoreError | DeployerError]
    checks_uploads: Mapping[str, bool]

    @property
    def followers(self) -> tuple[Cloud, ...]:
        """The clouds that are not the home."""
        return tuple(cloud for cloud in self.clouds if cloud.name != self.home.name)


@dataclass(frozen=True)
class _Member:
    """A store of the registry, and whether it checks what it is sent."""

    marker: Marker
    checks: bool


def join(
    clouds: Sequence[Cloud], *, home: str | None, probes: Path, found_new: bool = True
) -> Registry:
    """Make `clouds` one registry: found it, or let new stores join the one that is there.

    Args:
        clouds: the user's clouds; at least one.
        home: name of the cloud to be the home of a new registry; default is the first.
        probes: folder that remembers which stores were seen to honour preconditions.
        found_new: whether to found a registry where there is none.

    Raises:
        MissingError: there is no registry, and none shall be founded.
        StoreError: the home cannot be reached or ignores preconditions; to found a registry, all
            stores must answer, since one that does not may hold a registry already.
        UsageError: the stores belong to different registries, or the home is not among them.

    """
    if home is not None and home not in {cloud.name for cloud in clouds}:
        raise UsageError(
            f"the home {home!r} is not among the clouds", hint="name it in --clouds, too"
        )
    found, failed = everywhere(clouds, read_marker)
    markers = {name: marker for name, marker in found.items() if marker is not None}
    if not markers:
        for error in failed.values():
            raise error
        if not found_new:
            raise MissingError(
                "there is no registry here",
                where=", ".join(cloud.store.url for cloud in clouds),
                hint="publish a model first: deployer push DIR NAME",
            )
        first = next((cloud for cloud in clouds if cloud.name == home), clouds[0])
        checks = _probe(first, probes, None)
        markers[first.name] = _write(first, _new_marker(None))
        _remember(probes, markers[first.name], checks)
    _require_one_registry(clouds, markers)
    leading = max(markers.values(), key=lambda marker: marker.epoch)

    def enter(cloud: Cloud) -> _Member:
        marker = markers.get(cloud.name)
        checks = _probe(cloud, probes, marker)
        marker = marker or _write(cloud, _new_marker(leading))
        _remember(probes, marker, checks)
        return _Member(marker, checks)

    members, refused = everywhere([cloud for cloud in clouds if cloud.name in found], enter)
    failed = {**failed, **refused}
    _require_one_registry(clouds, {name: member.marker for name, member in members.items()})
    ready = tuple(cloud for cloud in clouds if cloud.name in members)
    for cloud in ready:
        if members[cloud.name].marker.store == leading.home:
            checks_uploads = {name: member.checks for name, member in members.items()}
            return Registry(leading.registry, leading.epoch, cloud, ready, failed, checks_uploads)
    for error in failed.values():
        raise error
    raise UsageError(
        "the home of this registry is not among these clouds",
        where=", ".join(cloud.store.url for cloud in clouds),
        hint="name the cloud that the registry was founded on, too: --clouds",
    )


def _require_one_registry(clouds: Sequence[Cloud], markers: Mapping[str, Marker]) -> None:
    if len({marker.registry for marker in markers.values()}) > 1:
        listed = ", ".join(
            f"{cloud.name} is {markers[cloud.name].registry}"
            for cloud in clouds
            if cloud.name in markers
        )
        raise UsageError(
            f"the stores belong to different registries: {listed}",
            hint="give each registry buckets or prefixes of its own",
        )


def _new_marker(leading: Marker | None) -> Marker:
    """Return a marker for a store that joins, or for the home of a new registry."""
    store = str(uuid.uuid4())
    return Marker(
        format=FORMAT,
        registry=leading.registry if leading else str(uuid.uuid4()),
        store=store,
        home=leading.home if leading else store,
        epoch=leading.epoch if leading else 1,
        created=stamp(now()),
    )


def _write(cloud: Cloud, marker: Marker) -> Marker:
    try:
        write_document(cloud, layout.MARKER, encode(marker), mode="create")
    except AlreadyExistsError:
        return read_marker(cloud) or marker  # another publisher was quicker: theirs counts
    return marker


def _probe(cloud: Cloud, probes: Path, marker: Marker | None) -> bool:
    """Return whether the store refuses wrong checksums, asking it once on this machine."""
    if marker is not None:
        try:
            remembered = json.loads((probes / f"{marker.store}.json").read_text("utf-8"))
            return bool(remembered["checksum"])
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            pass
    return cloud.store.verify_preconditions().checksum


def _remember(probes: Path, marker: Marker, checks: bool) -> None:
    path = probes / f"{marker.store}.json"
    text = json.dumps({"checksum": checks})
    probes.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text("utf-8") != text:
        temporary = path.with_suffix(f".{uuid.uuid4().hex}.tmp")
        temporary.write_text(text, "utf-8")
        temporary.replace(path)
