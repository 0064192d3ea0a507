"""Which registry a store belongs to, which store orders its publishes, and whether it can be trusted to."""

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from deployer.errors import UsageError
from deployer.registry import layout
from deployer.registry.cloud import Cloud, everywhere, read_marker, write_document
from deployer.registry.records import FORMAT, Marker, encode
from deployer.registry.who import now, stamp
from providers.errors import AlreadyExistsError

__all__ = ["Registry", "join"]


@dataclass(frozen=True)
class Registry:
    """The stores of one registry, as far as a command was given them.

    Attributes:
        id: shared by all of them.
        epoch: of the home.
        home: the store that orders publishes.
        clouds: all of them, the home included.
        checks_uploads: cloud name → whether it was seen to refuse a wrong checksum.

    """

    id: str
    epoch: int
    home: Cloud
    clouds: tuple[Cloud, ...]
    checks_uploads: Mapping[str, bool]

    @property
    def followers(self) -> tuple[Cloud, ...]:
        """The clouds that are not the home."""
        return tuple(cloud for cloud in self.clouds if cloud.name != self.home.name)


def join(clouds: Sequence[Cloud], *, home: str | None, probes: Path) -> Registry:
    """Make `clouds` one registry: found it, or let new stores join the one that is there.

    Args:
        clouds: the user's clouds; at least one.
        home: name of the cloud to be the home of a new registry; default is the first.
        probes: folder that remembers which stores were seen to honour preconditions.

    Raises:
        StoreError: a store cannot be reached, or ignores preconditions.
        UsageError: the stores belong to different registries, or the home is not among them.

    """
    found, failed = everywhere(clouds, read_marker)
    for error in failed.values():
        raise error
    markers = {name: marker for name, marker in found.items() if marker is not None}
    if not markers:
        first = next((cloud for cloud in clouds if cloud.name == home), clouds[0])
        checks = {first.name: _probe(first, probes, None)}
        markers[first.name] = _found(first)
    else:
        checks = {}
    leading = max(markers.values(), key=lambda marker: marker.epoch)
    _require_one_registry(clouds, markers)
    for cloud in clouds:
        marker = markers.get(cloud.name)
        if cloud.name not in checks:
            checks[cloud.name] = _probe(cloud, probes, marker)
        if marker is None:
            markers[cloud.name] = _joined(cloud, leading)
        _remember(probes, markers[cloud.name], checks[cloud.name])
    _require_one_registry(clouds, markers)
    for cloud in clouds:
        if markers[cloud.name].store == leading.home:
            return Registry(leading.registry, leading.epoch, cloud, tuple(clouds), checks)
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


def _found(cloud: Cloud) -> Marker:
    store = str(uuid.uuid4())
    return _write(
        cloud,
        Marker(
            format=FORMAT,
            registry=str(uuid.uuid4()),
            store=store,
            home=store,
            epoch=1,
            created=stamp(now()),
        ),
    )


def _joined(cloud: Cloud, leading: Marker) -> Marker:
    return _write(
        cloud,
        Marker(
            format=FORMAT,
            registry=leading.registry,
            store=str(uuid.uuid4()),
            home=leading.home,
            epoch=leading.epoch,
            created=stamp(now()),
        ),
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


def _remember(probes: Path, marker: Marker, checksum: bool) -> None:
    path = probes / f"{uuid.UUID(marker.store)}.json"
    if not path.exists():
        probes.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"checksum": checksum}), "utf-8")
