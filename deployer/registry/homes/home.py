"""Which registry a store belongs to, which store orders its publishes, and whether it can be trusted to.

A store that was the home and is no longer is kept out until ``deployer home reconcile`` has
compared what it holds. One that never was takes over a new home's epoch by itself: it holds
copies alone. Should one of these copies be of a publish that the new home never saw, then the
next publish of that number finds it, and neither is overwritten. See docs/adr/0014.
"""

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from deployer.errors import (
    CloudError,
    DeployerError,
    FailedError,
    MissingError,
    UsageError,
)
from deployer.registry.cloud import Cloud, everywhere, read_marker, write_document
from deployer.registry.format import layout
from deployer.registry.format.records import FORMAT, Marker, encode
from deployer.registry.homes.markers import Epochs, agree, leading, look, lost_home, order, swap
from deployer.registry.who import now, stamp
from providers.errors import AlreadyExistsError, StoreError, UnauthenticatedError

__all__ = ["Registry", "join", "require_one_registry", "still_home", "was_home"]


@dataclass(frozen=True)
class Registry:
    """The stores of one registry, as far as a command was given them.

    Attributes:
        id: shared by all of them.
        epoch: of the home.
        home: the store that orders publishes.
        clouds: those that answer and may be published to, the home included.
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
        probes: folder that remembers which stores were seen to honour preconditions; what is
            remembered of homes is beside it.
        found_new: whether to found a registry where there is none.

    Raises:
        MissingError: there is no registry, and none shall be founded.
        StoreError: the home cannot be reached or ignores preconditions; to found a registry, all
            stores must answer, since one that does not may hold a registry already.
        FailedError: this machine has seen a later home than these clouds know of.
        UsageError: the stores belong to different registries, or the home is not among them.

    """
    found, failed = everywhere(clouds, look)
    markers = {name: seen.marker for name, seen in found.items() if seen is not None}
    if not markers:
        for error in failed.values():
            raise error
        if not found_new:
            raise MissingError(
                "there is no registry here",
                where=", ".join(cloud.store.url for cloud in clouds),
                hint="publish a model first: deployer push DIR NAME",
            )
        if home is not None and home not in {cloud.name for cloud in clouds}:
            raise UsageError(
                f"the home {home!r} is not among the clouds", hint="name it in --clouds, too"
            )
        first = next((cloud for cloud in clouds if cloud.name == home), clouds[0])
        checks = _probe(first, probes, None)
        markers[first.name] = _write(first, _new_marker(None))
        _remember(probes, markers[first.name], checks)
    require_one_registry(clouds, markers)
    counts = leading(markers.values())
    epochs = Epochs(probes.parent, counts.registry)
    _require_newest(epochs, counts, markers, failed)

    def enter(cloud: Cloud) -> _Member:
        marker = markers.get(cloud.name)
        if marker is not None and not agree(marker, counts):
            marker = _adopted(cloud, marker, counts)
        checks = _probe(cloud, probes, marker)
        marker = marker or _write(cloud, _new_marker(counts))
        _remember(probes, marker, checks)
        return _Member(marker, checks)

    members, refused = everywhere([cloud for cloud in clouds if cloud.name in found], enter)
    all_failed = {**failed, **refused}
    require_one_registry(clouds, {name: member.marker for name, member in members.items()})
    ready = tuple(cloud for cloud in clouds if cloud.name in members)
    for cloud in ready:
        if members[cloud.name].marker.store == counts.home:
            epochs.remember(counts)
            checks_uploads = {name: member.checks for name, member in members.items()}
            return Registry(counts.registry, counts.epoch, cloud, ready, all_failed, checks_uploads)
    for cloud in clouds:
        if cloud.name in refused and markers[cloud.name].store == counts.home:
            raise refused[cloud.name]
    raise _no_home(clouds, failed)


def still_home(registry: Registry) -> None:
    """Check that no other home was seen to take over since `registry` was joined.

    To be called after each write that orders something: the creation of a version or an alias's
    move at home. A promotion first tells the old home, then looks at what is there: a write
    before a check that succeeds is one that it has seen.

    Raises:
        FailedError: another store has become the home.
        StoreError: the home does not answer.

    """
    markers, failed = everywhere(registry.clouds, read_marker)
    if registry.home.name in failed:
        raise failed[registry.home.name]
    own = markers[registry.home.name]
    if own is not None and own.home == own.store and own.epoch == registry.epoch:
        newer = [
            marker
            for marker in markers.values()
            if marker and order(marker.epoch, marker.home) > order(own.epoch, own.home)
        ]
        if not newer:
            return
    raise FailedError(
        "the home changed while this was under way, so it does not count",
        where=registry.home.store.url,
        hint="run the same command again",
    )


def _require_newest(
    epochs: Epochs,
    counts: Marker,
    markers: Mapping[str, Marker],
    failed: Mapping[str, StoreError | DeployerError],
) -> None:
    """Refuse a home that is known to have been replaced, even if nobody else is there to say so."""
    newer = epochs.newer_than(counts)
    if newer is None:
        return
    kind = CloudError if failed else FailedError
    away = f"; {', '.join(failed)} did not answer" if failed else ""
    raise kind(
        f"{', '.join(markers)} knows the home of epoch {counts.epoch} only, "
        f"but this machine has seen the one of epoch {newer}{away}",
        hint="name that home, too (--clouds), or wait for it to answer: deployer home show",
    )


def _adopted(cloud: Cloud, marker: Marker, counts: Marker) -> Marker:
    """Let a store that holds copies alone follow the home that counts."""
    if marker.store == counts.home:
        raise FailedError(
            f"{cloud.name} is about to become the home of epoch {counts.epoch}",
            where=cloud.store.url,
            hint=f"finish that: deployer home promote {cloud.name}",
        )
    if lost_home(marker, counts):
        raise was_home(cloud, marker)
    swap(cloud, counts, newest=counts)
    return read_marker(cloud) or marker


def was_home(cloud: Cloud, marker: Marker) -> FailedError:
    """Return why a store that lost its place as the home is not published to."""
    return FailedError(
        f"{cloud.name} was the home until epoch {marker.epoch}; "
        "it has to take over what happened since",
        where=cloud.store.url,
        hint=f"deployer home reconcile {cloud.name}",
    )


def _no_home(
    clouds: Sequence[Cloud], failed: Mapping[str, StoreError | DeployerError]
) -> StoreError | DeployerError:
    for name, error in failed.items():
        message = f"{name} may be the home and does not answer: {error.message}"
        hint = "repeat the command later, or choose another home: deployer home promote CLOUD"
        if isinstance(error, UnauthenticatedError):
            # It is well, and it is we who have to change: another home would help nobody.
            message = f"{name} may be the home and refuses us: {error.message}"
            hint = error.hint
        if isinstance(error, StoreError):
            return type(error)(message, op=error.op, url=error.url, hint=hint)
        return type(error)(message, where=error.where, hint=hint)
    return UsageError(
        "the home of this registry is not among these clouds",
        where=", ".join(cloud.store.url for cloud in clouds),
        hint="name the cloud that is its home, too: --clouds",
    )


def require_one_registry(clouds: Sequence[Cloud], markers: Mapping[str, Marker]) -> None:
    """Check that all stores belong together.

    Raises:
        UsageError: they do not.

    """
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
