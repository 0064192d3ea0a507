"""Versions and clouds: which cloud has which of the newest versions whole.

The cost of a version shown does not depend on how many there are, and content that versions
share is asked for once on each cloud.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from deployer.errors import DamagedError, DeployerError, MissingError
from deployer.registry.cloud import Cloud, everywhere, in_parallel
from deployer.registry.deleting.deletions import find_deletion
from deployer.registry.format import layout
from deployer.registry.format.names import LATEST
from deployer.registry.format.records import AliasRecord, Deletion, Manifest, VersionRecord
from deployer.registry.reading.resolve import read_manifest, read_version
from deployer.registry.viewing.inventory import home_first, read_aliases, version_numbers
from deployer.registry.viewing.standing import State, blobs_of, heads, judge
from providers.errors import BucketNotFoundError, NotFoundError, StoreError

__all__ = ["Cell", "Line", "Matrix", "matrix"]

Cell = Literal[State, "deleted", "unreachable"]

_Said: TypeAlias = VersionRecord | Deletion | DamagedError | None


@dataclass(frozen=True)
class Line:
    """One version.

    Attributes:
        manifest: its digest; None where no cloud has the version.
        aliases: those that point at it at home.
        clouds: cloud name → how it stands to the version.

    """

    version: int
    manifest: str | None
    created: str
    by: str
    aliases: tuple[str, ...]
    clouds: Mapping[str, Cell]


@dataclass(frozen=True)
class Matrix:
    """The newest versions of a model.

    Attributes:
        reference: the cloud that the others are held against: the home, if it answers.
        is_home: whether it is.
        lines: the newest version first.
        older: how many numbers are below them.
        failed: cloud name → why it does not answer.

    """

    name: str
    reference: str
    is_home: bool
    lines: tuple[Line, ...]
    older: int
    failed: Mapping[str, StoreError | DeployerError]


def matrix(clouds: Sequence[Cloud], name: str, limit: int) -> Matrix:
    """Return how the clouds stand to the newest `limit` versions of a model.

    Raises:
        MissingError: no cloud has such a model.
        StoreError, DeployerError: no cloud answers.

    """
    answering, has_home, failed = home_first(clouds)
    home = answering[0].name if has_home else None
    aliases, late = everywhere(answering, lambda cloud: read_aliases(cloud, name)[0])
    failed = {**failed, **late}
    answering = [cloud for cloud in answering if cloud.name in aliases]
    if not answering:
        raise next(iter(late.values()))
    numbers = _newest(answering, name, aliases, limit)
    said, late = everywhere(answering, lambda cloud: _read_all(cloud, name, numbers))
    failed |= late
    answering = [cloud for cloud in answering if cloud.name in said]
    if not answering:
        raise next(iter(late.values()))
    wanted = {number: _wanted([said[c.name][number] for c in answering]) for number in numbers}
    if not _is_known([said[cloud.name][numbers[0]] for cloud in answering]):
        numbers = numbers[1:]  # it was no more than a guess
    manifests = _manifests(
        answering, said, {record.manifest for record in wanted.values() if record}
    )
    states, late = everywhere(
        answering, lambda cloud: _states(cloud, said[cloud.name], wanted, manifests)
    )
    failed |= late
    reference = answering[0].name
    pointing: dict[int, list[str]] = {}
    for alias in aliases[reference]:
        pointing.setdefault(alias.version, []).append(alias.alias)
    deleted = {n for n in numbers if any(isinstance(said[c.name][n], Deletion) for c in answering)}

    def line(number: int) -> Line:
        record = wanted[number]
        cells: dict[str, Cell] = {}
        for cloud in clouds:
            if cloud.name not in states:
                cells[cloud.name] = "unreachable"
            elif number in deleted:
                there = isinstance(said[cloud.name][number], VersionRecord)
                cells[cloud.name] = "behind" if there else "deleted"
            else:
                cells[cloud.name] = states[cloud.name][number]
        return Line(
            version=number,
            manifest=record.manifest if record else None,
            created=record.created if record else "",
            by=record.by if record else "",
            aliases=tuple(pointing.get(number, ())),
            clouds=cells,
        )

    return Matrix(
        name=name,
        reference=reference,
        is_home=reference == home,
        lines=tuple(map(line, numbers[:limit])),
        older=numbers[min(limit, len(numbers)) - 1] - 1,
        failed=failed,
    )


def _newest(
    clouds: Sequence[Cloud], name: str, aliases: Mapping[str, list[AliasRecord]], limit: int
) -> range:
    """Return the numbers to look at, and one more: its publish may not have moved `latest` yet."""
    known = [each.version for found in aliases.values() for each in found if each.alias == LATEST]
    if not known:
        listed, failed = everywhere(clouds, lambda cloud: version_numbers(cloud, name)[-1])
        known = list(listed.values())
        if not known:
            raise next((e for e in failed.values() if isinstance(e, MissingError)), None) or next(
                iter(failed.values())
            )
    top = max(known)
    return range(top + 1, max(top - limit, 0), -1)


def _read_all(cloud: Cloud, name: str, numbers: range) -> dict[int, _Said]:
    def read(number: int) -> _Said:
        try:
            return read_version(cloud, name, number)
        except BucketNotFoundError:
            raise
        except NotFoundError:
            found = find_deletion(cloud, name, number)
            return found[0] if found else None
        except DamagedError as error:
            return error

    return dict(zip(numbers, in_parallel(read, numbers), strict=True))


def _wanted(said: Sequence[_Said]) -> VersionRecord | None:
    """Return the version as the first cloud has it that does; the home is asked first."""
    return next((record for record in said if isinstance(record, VersionRecord)), None)


def _is_known(said: Sequence[_Said]) -> bool:
    return any(record is not None for record in said)


def _manifests(
    clouds: Sequence[Cloud], said: Mapping[str, dict[int, _Said]], digests: set[str]
) -> dict[str, Manifest | None]:
    """Return each manifest from the first cloud that has it whole; None if none has."""

    def find(digest: str) -> Manifest | None:
        for cloud in clouds:
            records = said[cloud.name].values()
            if not any(isinstance(r, VersionRecord) and r.manifest == digest for r in records):
                continue
            try:
                return read_manifest(cloud, digest)
            except (StoreError, DeployerError):
                continue
        return None

    ordered = sorted(digests)
    return dict(zip(ordered, in_parallel(find, ordered), strict=True))


def _states(
    cloud: Cloud,
    said: Mapping[int, _Said],
    wanted: Mapping[int, VersionRecord | None],
    manifests: Mapping[str, Manifest | None],
) -> dict[int, Cell]:
    """Return how one cloud stands to each version that was not deleted."""
    states: dict[int, Cell] = {}
    same: dict[int, str] = {}
    for number, record in said.items():
        expected = wanted[number]
        if isinstance(record, DamagedError):
            states[number] = "damaged"
        elif not isinstance(record, VersionRecord) or expected is None:
            states[number] = "behind"
        elif record.manifest != expected.manifest:
            states[number] = "diverged"
        else:
            same[number] = record.manifest
    digests = sorted(set(same.values()))
    there = in_parallel(lambda digest: cloud.store.exists(layout.manifest(digest)), digests)
    has_manifest = dict(zip(digests, there, strict=True))
    known = {digest: manifests[digest] for digest in digests if has_manifest[digest]}
    blobs = {blob: None for manifest in known.values() if manifest for blob in blobs_of(manifest)}
    found = heads(cloud, blobs)
    for number, digest in same.items():
        manifest = known.get(digest)
        if not has_manifest[digest]:
            states[number] = "missing"
        elif manifest is None:
            states[number] = "damaged"  # no cloud has it whole
        else:
            states[number] = judge(blobs_of(manifest), found).state
    return states
