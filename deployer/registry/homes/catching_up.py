"""Bringing one cloud up to what the others have: versions, deletions, and where aliases point."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from deployer.errors import DamagedError, DeployerError, PolicyError
from deployer.registry.cloud import Cloud, everywhere, in_parallel, read_bytes, write_document
from deployer.registry.format import layout
from deployer.registry.format.records import AliasRecord, Deletion, VersionRecord, decode
from deployer.registry.homes.carry import (
    KeepOut,
    anywhere,
    carry_version,
    copy_document,
    read_if_there,
)
from deployer.registry.homes.documents import Documents, Place, logs_in, places
from providers.errors import AlreadyExistsError, PreconditionError, StoreError

__all__ = ["Gap", "catch_up", "gap", "point", "remove_deleted"]

MAX_TURNS = 20

Views = Mapping[str, Mapping[str, str]]
"""Cloud name → the key and digest of each document that it has."""


@dataclass(frozen=True)
class Gap:
    """What a cloud lacks that others have.

    Attributes:
        missing: place of each document → the clouds that have it.
        conflicts: places where clouds have different documents, or one that the home lacks.

    """

    missing: Mapping[Place, Sequence[str]]
    conflicts: Sequence[Place]


def gap(target: str, views: Views, *, home: str | None) -> Gap:
    """Return what `target` lacks.

    Args:
        target: its name.
        views: what it and the others have.
        home: the one of them that orders what is published; None if it does not answer.

    """
    every = {key for view in views.values() for key in view}
    missing: dict[Place, Sequence[str]] = {}
    conflicts = []
    for place in places(every):
        having = [name for name, view in views.items() if place.key in view]
        deleted = place.kind == "version" and layout.deleted(place.model, place.number) in every
        if place.kind == "alias" or deleted:
            continue
        alone = home is not None and target in having and place.key not in views[home]
        if alone or len({views[name][place.key] for name in having}) > 1:
            conflicts.append(place)
        elif target not in having:
            missing[place] = having
    return Gap(missing, sorted(conflicts, key=lambda place: place.kind != "version"))


def catch_up(
    target: Documents,
    others: Sequence[Documents],
    *,
    home: Cloud | None,
    keep_out: KeepOut = anywhere,
) -> int:
    """Bring everything to `target` that any of `others` has; return the number of documents.

    Raises:
        DamagedError: two clouds have different documents for one thing, or what is missing is
            not whole anywhere. What is there is not touched.
        StoreError: the target or the home failed. Another one that fails is left out.

    """
    cloud = target.cloud
    # The target first: what is published meanwhile must not look as if it alone had it.
    here = target.look()
    clouds = {each.cloud.name: each.cloud for each in others}
    looks = {each.cloud.name: each for each in others}
    found, failed = everywhere(list(clouds.values()), lambda each: looks[each.name].look())
    if home is not None and home.name in failed:
        raise failed[home.name]
    views = {cloud.name: here, **found}
    lacking = gap(cloud.name, views, home=home.name if home else None)
    if lacking.conflicts:
        raise _diverged(cloud, views, lacking.conflicts)

    def bring(place: Place) -> None:
        sources = [clouds[name] for name in lacking.missing[place]]
        _bring(cloud, sources, place, views[sources[0].name][place.key], keep_out)

    kinds = {kind: [p for p in lacking.missing if p.kind == kind] for kind in _ORDER}
    for kind in ("version", "move"):
        in_parallel(bring, kinds[kind])
    every = {key: digest for view in views.values() for key, digest in view.items()}
    for alias, log in logs_in(every).items():
        if log and here.get(layout.alias(*alias)) != every[log[-1].key]:
            _follow(cloud, log, every)
    in_parallel(bring, kinds["deletion"])
    for place in kinds["deletion"]:
        remove_deleted(cloud, place)
    return len(lacking.missing)


def _follow(cloud: Cloud, log: Sequence[Place], every: Mapping[str, str]) -> None:
    """Let an alias follow its log to the last move that leads anywhere.

    One that leads to a deleted version was refused, and is taken back by whoever moves it next.
    """
    for place in reversed(log):
        body, _ = read_bytes(cloud, place.key)
        record = decode(body, AliasRecord, where=cloud.where(place.key))
        there = layout.version(record.model, record.version) in every
        gone = layout.deleted(record.model, record.version) in every
        if record.removed or (there and not gone):
            point(cloud, record, body)
            return


_ORDER = ("version", "move", "deletion")


def _diverged(cloud: Cloud, views: Views, conflicts: Sequence[Place]) -> DamagedError:
    first = conflicts[0]
    having = [name for name, view in views.items() if first.key in view]
    more = f" and {len(conflicts) - 1} more" if len(conflicts) > 1 else ""
    return DamagedError(
        f"{', '.join(having)} and the others do not agree on {first}{more}",
        where=cloud.where(first.key),
        hint="nothing was overwritten; deployer home reconcile CLOUD settles it, "
        "or leave one of them out: --clouds",
    )


def _bring(
    cloud: Cloud, sources: Sequence[Cloud], place: Place, sha256: str, keep_out: KeepOut
) -> None:
    """Copy one document, and what it needs, from the first source that has it whole."""
    errors: list[StoreError | DeployerError] = []
    for source in sources:
        try:
            if place.kind == "version":
                carry_version(source, cloud, place.key, keep_out=keep_out)
            else:
                copy_document(source, cloud, place.key, sha256)
        except PolicyError:
            raise
        except (StoreError, DeployerError) as error:
            errors.append(error)
        else:
            return
    raise errors[0]


def point(cloud: Cloud, record: AliasRecord, body: bytes) -> None:
    """Let an alias follow its log up to `record`; one that is further stays there."""
    key = layout.alias(record.model, record.alias)
    for _ in range(MAX_TURNS):
        there = read_if_there(cloud, key)
        if there is not None:
            now = decode(there[0], AliasRecord, where=cloud.where(key))
            if (now.epoch, now.seq) >= (record.epoch, record.seq):
                return
        try:
            write_document(cloud, key, body, mode="create" if there is None else there[1])
        except (AlreadyExistsError, PreconditionError):
            continue
        return


def remove_deleted(cloud: Cloud, deletion: Place) -> None:
    """Remove the record of a version that was taken back, as its deletion at home did."""
    body, _ = read_bytes(cloud, deletion.key)
    taken_back = decode(body, Deletion, where=cloud.where(deletion.key))
    key = layout.version(deletion.model, deletion.number)
    there = read_if_there(cloud, key)
    if there is None:
        return
    record = decode(there[0], VersionRecord, where=cloud.where(key))
    if record.manifest == taken_back.manifest:
        cloud.store.delete(key, if_match=there[1])
