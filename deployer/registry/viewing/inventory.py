"""What there is: models, versions and aliases, in a number of requests that history does not raise."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from deployer.errors import DamagedError, DeployerError, MissingError
from deployer.registry.aliasing.aliases import read_alias
from deployer.registry.cloud import (
    Cloud,
    everywhere,
    in_parallel,
    names_below,
    read_marker,
)
from deployer.registry.format import layout
from deployer.registry.format.names import LATEST, is_name
from deployer.registry.format.records import AliasRecord, VersionRecord
from deployer.registry.homes.markers import leading
from deployer.registry.reading.resolve import Resolved, read_version
from deployer.registry.viewing.standing import stand
from providers.errors import BucketNotFoundError, NotFoundError, StoreError

__all__ = [
    "ModelLine",
    "Versions",
    "alias_names",
    "aliases_of",
    "home_first",
    "models",
    "newest_versions",
    "presence",
    "read_aliases",
    "version_numbers",
]

MAX_WINDOWS = 3
MAX_GUESSED = 1_000

_VERSION_FILE = re.compile(r"[0-9]{8}\.json\Z")


@dataclass(frozen=True)
class ModelLine:
    """One model, in short."""

    name: str
    latest: int | None
    created: str
    by: str
    aliases: Mapping[str, int]


@dataclass(frozen=True)
class Versions:
    """Some versions of a model.

    Attributes:
        records: the newest first.
        older: how many numbers are below them; of some of these the version may be deleted.

    """

    records: tuple[VersionRecord, ...]
    older: int


def home_first(
    clouds: Sequence[Cloud],
) -> tuple[list[Cloud], bool, dict[str, StoreError | DeployerError]]:
    """Return the clouds that answer, the home before the others, without writing anything.

    Returns:
        The clouds; whether the home is among them; and why the others do not answer.

    Raises:
        StoreError, DeployerError: none of them answers.

    """
    markers, failed = everywhere(clouds, read_marker)
    if not markers:
        raise next(iter(failed.values()))
    known = [marker for marker in markers.values() if marker is not None]
    home = leading(known).home if known else None

    def follows(cloud: Cloud) -> bool:
        marker = markers[cloud.name]
        return marker is None or marker.store != home

    answering = sorted((cloud for cloud in clouds if cloud.name in markers), key=follows)
    return answering, not follows(answering[0]), failed


def models(cloud: Cloud) -> Iterator[ModelLine]:
    """Yield the models that `cloud` has, ordered by name."""
    names = list(filter(is_name, names_below(cloud, layout.MODELS)))
    aliases = in_parallel(lambda name: alias_names(cloud, name), names)
    pairs = [(name, alias) for name, found in zip(names, aliases, strict=True) for alias in found]
    records: dict[str, dict[str, AliasRecord]] = {name: {} for name in names}
    for record in in_parallel(lambda pair: _read(cloud, *pair), pairs):
        if record is not None and not record.removed:
            records[record.model][record.alias] = record
    for name, found in records.items():
        latest = found.pop(LATEST, None)
        yield ModelLine(
            name=name,
            latest=latest.version if latest else None,
            created=latest.at if latest else "",
            by=latest.by if latest else "",
            aliases={alias: record.version for alias, record in found.items()},
        )


def alias_names(cloud: Cloud, name: str) -> list[str]:
    """Return the names of a model's aliases, removed ones among them, in order."""
    prefix = layout.aliases(name)
    listed = cloud.store.list_dir(prefix).objects
    names = (meta.key.removeprefix(prefix) for meta in listed if meta.key.endswith(".json"))
    return [alias for alias in (each.removesuffix(".json") for each in names) if is_name(alias)]


def _read(cloud: Cloud, name: str, alias: str) -> AliasRecord | None:
    found = read_alias(cloud, name, alias)
    return found[0] if found else None


def aliases_of(cloud: Cloud, name: str) -> list[AliasRecord]:
    """Return the aliases of a model that point somewhere, ordered by name.

    Raises:
        DamagedError: one of them is not what it should be.

    """
    found, damaged = read_aliases(cloud, name)
    for error in damaged.values():
        raise error
    return found


def read_aliases(cloud: Cloud, name: str) -> tuple[list[AliasRecord], dict[str, DamagedError]]:
    """Return the aliases of a model that point somewhere, and why others cannot be read."""

    def read(alias: str) -> AliasRecord | DamagedError | None:
        try:
            return _read(cloud, name, alias)
        except DamagedError as error:
            return error

    names = alias_names(cloud, name)
    read_all = list(zip(names, in_parallel(read, names), strict=True))
    found = [each for _, each in read_all if isinstance(each, AliasRecord) and not each.removed]
    return found, {alias: each for alias, each in read_all if isinstance(each, DamagedError)}


def version_numbers(cloud: Cloud, name: str) -> list[int]:
    """Return the numbers of a model's versions, ascending, from a listing of them all.

    Raises:
        MissingError: there is no such model.

    """
    prefix = layout.versions(name)
    listing = cloud.store.list(prefix)
    names = (meta.key.removeprefix(prefix) for meta in listing)
    numbers = [int(name[:8]) for name in names if _VERSION_FILE.match(name)]
    if not numbers:
        raise MissingError(
            f"{cloud.name} has no model {name!r}",
            where=cloud.store.url,
            hint="see what there is: deployer list",
        )
    return numbers


def newest_versions(cloud: Cloud, name: str, latest: int | None, limit: int | None) -> Versions:
    """Return the newest `limit` versions of a model.

    Their numbers are guessed from `latest`, so that a long history costs no more than a short
    one; it is listed only where that does not work.

    Args:
        cloud: where to look.
        name: of the model.
        latest: where the alias ``latest`` points; None if that is not known.
        limit: how many; None for all.

    Raises:
        MissingError: there is no such model.

    """
    guessed = None
    if latest is not None and limit is not None and limit <= MAX_GUESSED:
        guessed = _guess(cloud, name, latest, limit)
    return guessed or _from_listing(cloud, name, limit)


def _guess(cloud: Cloud, name: str, latest: int, limit: int) -> Versions | None:
    """Read the numbers down from `latest`, or return None if too many of them are gone."""
    # One more: where it exists, a publish has not moved `latest` yet.
    numbers = range(latest + 1, max(latest - limit, 0), -1)
    found: list[VersionRecord] = []
    for _ in range(MAX_WINDOWS):
        read = in_parallel(lambda number: _version(cloud, name, number), numbers)
        found += filter(None, read)
        if found and found[0].version > latest:
            return None
        lowest = numbers[-1]
        if found and (len(found) >= limit or lowest == 1):
            return Versions(tuple(found), lowest - 1)
        numbers = range(lowest - 1, max(lowest - 1 - limit + len(found), 0), -1)
        if not numbers:
            break
    return None


def _from_listing(cloud: Cloud, name: str, limit: int | None) -> Versions:
    numbers = version_numbers(cloud, name)[::-1]
    shown = numbers[:limit]
    read = in_parallel(lambda number: _version(cloud, name, number), shown)
    return Versions(tuple(filter(None, read)), len(numbers) - len(shown))


def _version(cloud: Cloud, name: str, number: int) -> VersionRecord | None:
    try:
        return read_version(cloud, name, number)
    except BucketNotFoundError:
        raise
    except NotFoundError:
        return None


def presence(clouds: Sequence[Cloud], resolved: Resolved) -> dict[str, str]:
    """Return for each cloud whether it has the whole version: ``complete`` or what is wrong.

    Sizes and recorded digests are compared; the bytes are not read.
    """
    done, failed = everywhere(clouds, lambda cloud: stand(cloud, resolved).detail)
    return {c.name: done.get(c.name) or f"unreachable: {failed[c.name].message}" for c in clouds}
