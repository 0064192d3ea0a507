"""From a reference to a version on one cloud, each hop checked, in a constant number of requests."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from deployer.errors import DamagedError, MissingError
from deployer.registry.aliasing.aliases import read_alias
from deployer.registry.cloud import Cloud, read_document
from deployer.registry.deleting.deletions import DeletedError, find_deletion
from deployer.registry.format import layout
from deployer.registry.format.names import LATEST, Reference
from deployer.registry.format.paths import check_paths
from deployer.registry.format.records import AliasRecord, Manifest, VersionRecord
from deployer.registry.reading.trust import (
    MisplacedError,
    Trust,
    check_alias,
    check_manifest,
    remember,
)
from providers.errors import BucketNotFoundError, NotFoundError, StoreError

if TYPE_CHECKING:
    from deployer.signing.model import Signed

__all__ = [
    "CREDULOUS",
    "PASSED_OVER",
    "RemovedError",
    "Resolved",
    "believe",
    "examine",
    "first_that_answers",
    "gravest",
    "read_manifest",
    "read_version",
    "resolve",
]

CREDULOUS = Trust()
PASSED_OVER = (StoreError, DamagedError, MissingError, MisplacedError)
"""Why another cloud may be asked."""


class RemovedError(MissingError):
    """The alias was taken away.

    Attributes:
        record: says so.

    """

    def __init__(self, reference: Reference, cloud: Cloud, record: AliasRecord) -> None:
        super().__init__(
            f"{reference} was removed at {record.at} by {record.by}",
            where=cloud.store.url,
            hint=f"see what there is: deployer list {reference.name}",
        )
        self.record = record


@dataclass(frozen=True)
class Resolved:
    """A version, as one cloud has it.

    Attributes:
        version: its number; None when it was named by digest alone.
        digest: hex SHA-256 of the manifest.
        record: its version record; None when it was named by digest alone.
        alias: the alias record that led to it, if it was named by one.
        signed: what its signature proves; None if it has none or nobody checked it.
        doubts: what its user should know: an alias that is stale, say.

    """

    cloud: Cloud
    name: str
    version: int | None
    digest: str
    manifest: Manifest
    record: VersionRecord | None = None
    alias: AliasRecord | None = None
    signed: "Signed | None" = None
    doubts: tuple[str, ...] = ()


def resolve(cloud: Cloud, reference: Reference, trust: Trust = CREDULOUS) -> Resolved:
    """Return what `reference` means on `cloud`, and remember that it was believed.

    Raises:
        MissingError: there is no such model, version or alias.
        DamagedError: a hop on the way is not what the one before promised, or not to be trusted.
        PolicyError: the version must not come to this machine, or not from this cloud.

    """
    return believe(examine(cloud, reference, trust), trust)


def believe(resolved: Resolved, trust: Trust) -> Resolved:
    """Remember the alias that led here, so that nobody can turn it back."""
    if resolved.alias is None:
        return resolved
    more = remember(resolved.cloud, resolved.alias, trust)
    return replace(resolved, doubts=(*resolved.doubts, *more))


def examine(cloud: Cloud, reference: Reference, trust: Trust) -> Resolved:
    """Return what `reference` means on `cloud`, if it may be believed; errors as `resolve`."""
    if reference.digest:
        manifest = read_manifest(cloud, reference.digest)
        signed = check_manifest(cloud, reference.name, reference.digest, manifest, trust)
        return Resolved(cloud, reference.name, None, reference.digest, manifest, signed=signed)
    alias: AliasRecord | None = None
    doubts: tuple[str, ...] = ()
    number = reference.version
    if reference.alias:
        alias, doubts = _examine_alias(cloud, reference, trust)
        number = alias.version
    assert number is not None  # noqa: S101 - a reference has one of the three
    record = _promised_version(cloud, reference, number, alias)
    try:
        manifest = read_manifest(cloud, record.manifest)
    except MissingError as error:  # promised by the version record
        raise DamagedError(error.message, where=error.where, hint=error.hint) from error
    signed = check_manifest(cloud, reference.name, record.manifest, manifest, trust)
    return Resolved(
        cloud, reference.name, number, record.manifest, manifest, record, alias, signed, doubts
    )


def _examine_alias(
    cloud: Cloud, reference: Reference, trust: Trust
) -> tuple[AliasRecord, tuple[str, ...]]:
    assert reference.alias is not None  # noqa: S101 - the caller has looked
    found = read_alias(cloud, reference.name, reference.alias)
    if found is None:
        raise _missing(cloud, reference)
    record = found[0]
    doubts = check_alias(cloud, record, trust)
    if record.removed:
        # A removal leads nowhere that could still prove it wrong.
        remember(cloud, record, trust)
        raise RemovedError(reference, cloud, record)
    return record, doubts


def _promised_version(
    cloud: Cloud, reference: Reference, number: int, alias: AliasRecord | None
) -> VersionRecord:
    try:
        record = read_version(cloud, reference.name, number)
    except BucketNotFoundError:
        raise
    except NotFoundError as error:
        deleted = find_deletion(cloud, reference.name, number)
        if deleted is not None:
            raise DeletedError(cloud, deleted[0]) from error
        raise _missing(cloud, reference) from error
    if alias is not None and record.manifest != alias.manifest:
        raise DamagedError(
            f"{reference} names the manifest {alias.manifest}, version {number} has "
            f"{record.manifest}",
            where=cloud.where(layout.version(reference.name, number)),
            hint="one of the two is forged or damaged; use another cloud",
        )
    return record


def read_version(cloud: Cloud, name: str, number: int) -> VersionRecord:
    """Return the record of a version.

    Raises:
        NotFoundError: there is none.
        DamagedError: the record is of another version.

    """
    key = layout.version(name, number)
    record, _, _ = read_document(cloud, key, VersionRecord)
    if (record.model, record.version) != (name, number):
        raise DamagedError(
            f"the record is of {record.model}:{record.version}",
            where=cloud.where(key),
            hint="somebody put it there: use another cloud",
        )
    return record


def read_manifest(cloud: Cloud, sha256: str) -> Manifest:
    """Return a manifest whose bytes have the digest `sha256` and whose paths are safe."""
    key = layout.manifest(sha256)
    try:
        manifest, _, _ = read_document(cloud, key, Manifest, sha256=sha256)
    except BucketNotFoundError:
        raise
    except NotFoundError as error:
        raise MissingError(
            "no such manifest", where=cloud.where(key), hint="use another cloud, or push again"
        ) from error
    check_paths([file.path for file in manifest.files], where=cloud.where(key))
    return manifest


def _missing(cloud: Cloud, reference: Reference) -> MissingError:
    what = f"model {reference.name!r}" if reference.alias == LATEST else str(reference)
    return MissingError(
        f"{cloud.name} has no {what}",
        where=cloud.store.url,
        hint="see what there is: deployer list",
    )


def first_that_answers(
    clouds: Sequence[Cloud], reference: Reference, trust: Trust = CREDULOUS
) -> tuple[Resolved, dict[str, Exception]]:
    """Return what the first cloud that can be believed says, and why the ones before it cannot.

    Raises:
        PolicyError: the version must not come to this machine, wherever it is.
        StoreError, DeployerError: why none can be believed; see `gravest`.

    """
    failed: dict[str, Exception] = {}
    for cloud in clouds:
        try:
            return resolve(cloud, reference, trust), failed
        except PASSED_OVER as error:
            failed[cloud.name] = error
    raise gravest(failed)


def gravest(failed: Mapping[str, Exception]) -> Exception:
    """Return the error to report when no cloud can be believed.

    A removal and a deletion are answers. Otherwise a cloud that has nothing says less than one that fails: what
    is missing here may be there.
    """
    errors = list(failed.values())
    removed = (error for error in errors if isinstance(error, RemovedError | DeletedError))
    telling = (error for error in errors if not isinstance(error, MissingError))
    return next(removed, None) or next(telling, errors[0])
