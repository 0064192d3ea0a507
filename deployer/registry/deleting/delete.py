"""Taking a version back, everywhere, while others may move aliases to it.

The order, for version N::

    home:    claim deleted/N  →  look at every alias  →  make the claim final  →  remove versions/N
    others:  deleted/N  →  bring every alias forward to the home's  →  remove versions/N

Making the claim final, a compare-and-swap, is the commit. A repetition finds what was done and
goes on.

**No alias is left at a version that is gone.** Two acts can meet: this one, and the move of an
alias to N, whose commit is its log entry (:mod:`deployer.registry.aliasing.aliases`). Each first writes
its own record, then looks for the other's: the deleter writes the claim and reads the aliases and
the log entries that they have not followed; the mover writes the entry and reads ``deleted/N``,
and only then lets the alias follow. The stores are linearizable, so of the two at least one sees
the other:

- The deleter sees the alias, or an entry, at N: it withdraws its claim and refuses. It can do so
  only while the claim is a claim, since it names the write that it means; if another deleter made
  it final, that one saw no such alias, and the entry is younger than the claim: see below.
- The mover sees the claim, or the final record: nobody follows its entry, the next entry takes it
  back, and the move is refused.

Both may be refused; both never succeed. An entry that was written before the claim is seen by
whoever makes the claim final, also if its mover is slow: it is at the alias, or ahead of it. If a
later entry stands after it, the deleter lets the alias follow to the end first, and the swap of
the slow mover fails, for it names the write of the alias that it replaces. An entry that was
written after the claim is checked against ``deleted/N`` by everyone who would follow it.

``latest`` is not looked at: versions from it on cannot be deleted, and it never goes back.

On the other clouds nothing is decided. An alias there moves to N only as a copy of a move at home
that is older than the deletion, and home's alias has gone on since. So every alias is first
brought forward to what home has now; then the swap of whoever still holds the older copy fails.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from deployer.errors import (
    CloudError,
    DamagedError,
    DeployerError,
    MissingError,
    PolicyError,
    UsageError,
)
from deployer.registry.aliasing.aliases import (
    deletion_in_the_way,
    follow,
    follow_log,
    pending,
    read_alias,
)
from deployer.registry.cloud import Cloud, everywhere, in_parallel, write_document
from deployer.registry.deleting.deletions import find_deletion
from deployer.registry.format import layout
from deployer.registry.format.names import LATEST, Reference, is_name
from deployer.registry.format.records import FORMAT, AliasRecord, Deletion, VersionRecord, encode
from deployer.registry.homes.home import Registry, still_home
from deployer.registry.reading.resolve import read_version, resolve
from deployer.registry.viewing.inventory import newest_versions
from deployer.registry.who import author, now, stamp
from providers.errors import (
    AlreadyExistsError,
    BucketNotFoundError,
    NotFoundError,
    PreconditionError,
    StoreError,
    UnsupportedError,
)
from providers.model import Version

__all__ = ["Deleted", "delete", "number_of"]

MAX_TURNS = 1_000


@dataclass(frozen=True)
class Deleted:
    """What came of it.

    Attributes:
        record: the deletion, as it was committed; by somebody else, if `created` is False.
        created: whether this run committed it.
        clouds: the names of those where the version is gone.
        behind: cloud name → why it is not gone there.

    """

    record: Deletion
    created: bool
    clouds: tuple[str, ...]
    behind: Mapping[str, StoreError | DeployerError]


def number_of(home: Cloud, reference: Reference) -> int:
    """Return the number of the version that a reference means, which may be deleted by now.

    Raises:
        MissingError: there is no such version.
        UsageError: several versions have this digest.

    """
    if reference.version is not None:
        return reference.version
    if reference.digest is None:
        resolved = resolve(home, reference)
        assert resolved.version is not None  # noqa: S101 - it was named by an alias
        return resolved.version
    records = newest_versions(home, reference.name, None, None).records
    numbers = [each.version for each in records if each.manifest == reference.digest]
    if not numbers:
        raise MissingError(
            f"{home.name} has no {reference}",
            where=home.store.url,
            hint=f"see what there is: deployer list {reference.name}",
        )
    if len(numbers) > 1:
        raise UsageError(
            f"{reference} is the versions {', '.join(map(str, numbers))}",
            hint=f"name one of them: {reference.name}:{numbers[0]}",
        )
    return numbers[0]


def delete(registry: Registry, name: str, number: int, *, note: str | None = None) -> Deleted:
    """Take a version back on every cloud; run it again to finish it.

    Raises:
        MissingError: there is no such version.
        PolicyError: it is the newest, or an alias points at it; nothing was changed.
        StoreError, DeployerError: the home failed.

    """
    home = registry.home
    record, created = _commit(registry, name, number, note)
    still_home(registry)
    home.store.delete(layout.version(name, number))
    names = _alias_names(home, name)
    aliases = [each[0] for each in in_parallel(lambda a: read_alias(home, name, a), names) if each]
    done, failed = everywhere(
        registry.followers, lambda cloud: _delete_copy(home, cloud, record, aliases)
    )
    return Deleted(record, created, (home.name, *done), {**registry.failed, **failed})


def _commit(registry: Registry, name: str, number: int, note: str | None) -> tuple[Deletion, bool]:
    """Return the final record at home, and whether this made it so."""
    home, key = registry.home, layout.deleted(name, number)
    for _ in range(MAX_TURNS):
        found = find_deletion(home, name, number)
        if found is not None and not found[0].claim:
            return found[0], False
        version = _existing(home, name, number)
        _refuse_newest(home, name, number)
        if found is None:
            _refuse_used(registry.clouds, name, number)
            claim = _claim(version, note)
            try:
                found = claim, write_document(home, key, encode(claim), mode="create")
            except AlreadyExistsError:
                continue
        if not _is_free(home, name, number, found[1]):
            continue
        record = msgspec.structs.replace(found[0], claim=False, note=note or found[0].note)
        try:
            write_document(home, key, encode(record), mode=found[1])
        except PreconditionError:
            continue  # another deleter was quicker, or met an alias
        return record, True
    raise CloudError(
        f"{name}:{number} is deleted and kept by others all the time",
        where=home.where(key),
        hint="repeat the command",
    )


def _existing(home: Cloud, name: str, number: int) -> VersionRecord:
    try:
        return read_version(home, name, number)
    except BucketNotFoundError:
        raise
    except NotFoundError as error:
        raise MissingError(
            f"{home.name} has no {name}:{number}",
            where=home.store.url,
            hint=f"see what there is: deployer list {name}",
        ) from error


def _claim(version: VersionRecord, note: str | None) -> Deletion:
    return Deletion(
        format=FORMAT,
        model=version.model,
        version=version.version,
        manifest=version.manifest,
        txn=str(uuid.uuid4()),
        at=stamp(now()),
        by=author(),
        note=note,
        claim=True,
    )


def _is_free(home: Cloud, name: str, number: int, claim: Version) -> bool:
    """Tell whether no alias is in the way; False if somebody else has decided meanwhile.

    Raises:
        PolicyError: one is; the claim was withdrawn.

    """
    names = [alias for alias in _alias_names(home, name) if alias != LATEST]
    points = in_parallel(lambda alias: _points(home, name, alias, number), names)
    used = [alias for alias, at in zip(names, points, strict=True) if at]
    if not used:
        return True
    try:
        home.store.delete(layout.deleted(name, number), if_match=claim)
    except PreconditionError:
        return False
    except UnsupportedError:
        # The claim stays: it only keeps aliases from this version, until a repetition decides.
        pass
    raise _in_use(home, name, number, used)


def _points(home: Cloud, name: str, alias: str, number: int) -> bool:
    """Tell whether an alias is at a version, or may be moved there by an entry that is ahead."""
    for _ in range(MAX_TURNS):
        current = read_alias(home, name, alias)
        ahead = pending(home, name, alias, current)
        chain = [*([current[0]] if current else []), *(record for record, _ in ahead)]
        if not any(_leads_to(record, number) for record in chain):
            return False
        end = chain[-1]
        if not ahead or _leads_to(end, number) or deletion_in_the_way(home, end):
            return True
        follow_log(home, *ahead[-1], current)
    return True


def _leads_to(record: AliasRecord, number: int) -> bool:
    return record.version == number and not record.removed


def _alias_names(cloud: Cloud, name: str) -> list[str]:
    """Return the aliases of a model, also those of which there is only a log so far."""
    prefix = layout.aliases(name)
    listing = cloud.store.list_dir(prefix)
    names = {meta.key.removeprefix(prefix).removesuffix(".json") for meta in listing.objects}
    names |= {below.removeprefix(prefix).removesuffix(".log/") for below in listing.prefixes}
    return sorted(filter(is_name, names))


def _refuse_newest(home: Cloud, name: str, number: int) -> None:
    """Refuse the newest version: its number would be given again."""
    latest = read_alias(home, name, LATEST)
    if latest is None or number >= latest[0].version:
        raise PolicyError(
            f"{name}:{number} is the newest version, which stays",
            where=home.store.url,
            hint="publish its successor first: deployer push DIR " + name,
        )


def _refuse_used(clouds: Sequence[Cloud], name: str, number: int) -> None:
    """Refuse before anything is written, also for aliases that are stale on another cloud."""

    def used(cloud: Cloud) -> list[str]:
        names = _alias_names(cloud, name)
        read = in_parallel(lambda alias: read_alias(cloud, name, alias), names)
        return [each[0].alias for each in read if each and _leads_to(each[0], number)]

    found, _ = everywhere(clouds, used)
    for cloud in clouds:
        if found.get(cloud.name):
            raise _in_use(cloud, name, number, found[cloud.name])


def _in_use(cloud: Cloud, name: str, number: int, aliases: Sequence[str]) -> PolicyError:
    return PolicyError(
        f"{', '.join(aliases)} on {cloud.name} points at {name}:{number}, which stays",
        where=cloud.store.url,
        hint=f"move it first: deployer alias set {name} {aliases[0]} VERSION",
    )


def _delete_copy(
    home: Cloud, cloud: Cloud, record: Deletion, aliases: Sequence[AliasRecord]
) -> None:
    """Remove a version that is deleted at home from another cloud."""
    name, number = record.model, record.version
    key = layout.version(name, number)
    _create_copy(cloud, record)
    for alias in aliases:
        for error in follow(home, [cloud], alias).values():
            raise error
    _refuse_used([cloud], name, number)
    try:
        there = read_version(cloud, name, number)
    except BucketNotFoundError:
        raise
    except NotFoundError:
        return
    if there.manifest != record.manifest:
        raise DamagedError(
            f"it is another {name}:{number} than the home's, and stays",
            where=cloud.where(key),
            hint="the clouds diverged: compare them with 'deployer show'",
        )
    cloud.store.delete(key)


def _create_copy(cloud: Cloud, record: Deletion) -> None:
    key = layout.deleted(record.model, record.version)
    try:
        write_document(cloud, key, encode(record), mode="create")
    except AlreadyExistsError:
        found = find_deletion(cloud, record.model, record.version)
        if found is not None and found[0].claim:  # of a time when this cloud was the home
            write_document(cloud, key, encode(record), mode=found[1])
