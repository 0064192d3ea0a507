"""From a reference to a version on one cloud, each hop checked, in a constant number of requests."""

from collections.abc import Sequence
from dataclasses import dataclass

from deployer.errors import DamagedError, MissingError
from deployer.registry import layout
from deployer.registry.aliases import read_alias
from deployer.registry.cloud import Cloud, read_document
from deployer.registry.names import LATEST, Reference
from deployer.registry.records import Manifest, VersionRecord
from deployer.registry.tree import check_paths
from deployer.registry.who import now, stamp
from providers.errors import BucketNotFoundError, NotFoundError, StoreError

__all__ = ["Resolved", "first_that_answers", "read_manifest", "read_version", "resolve"]


@dataclass(frozen=True)
class Resolved:
    """A version, as one cloud has it.

    Attributes:
        version: its number; None when it was named by digest alone.
        digest: hex SHA-256 of the manifest.
        record: its version record; None when it was named by digest alone.

    """

    cloud: Cloud
    name: str
    version: int | None
    digest: str
    manifest: Manifest
    record: VersionRecord | None = None


def resolve(cloud: Cloud, reference: Reference) -> Resolved:
    """Return what `reference` means on `cloud`.

    Raises:
        MissingError: there is no such model, version or alias.
        DamagedError: a hop on the way is not what the one before promised.

    """
    if reference.digest:
        manifest = read_manifest(cloud, reference.digest)
        return Resolved(cloud, reference.name, None, reference.digest, manifest)
    expected: str | None = None
    number = reference.version
    if reference.alias:
        found = read_alias(cloud, reference.name, reference.alias)
        if found is None:
            raise _missing(cloud, reference)
        number, expected = found[0].version, found[0].manifest
        if found[0].expires is not None and found[0].expires < stamp(now()):
            raise DamagedError(
                f"{reference} expired at {found[0].expires}",
                where=cloud.where(layout.alias(reference.name, reference.alias)),
                hint="somebody may hold a newer one back: use another cloud",
            )
    assert number is not None  # noqa: S101 - a reference has one of the three
    try:
        record = read_version(cloud, reference.name, number)
    except BucketNotFoundError:
        raise
    except NotFoundError as error:
        raise _missing(cloud, reference) from error
    if expected is not None and record.manifest != expected:
        raise DamagedError(
            f"{reference} names the manifest {expected}, version {number} has {record.manifest}",
            where=cloud.where(layout.version(reference.name, number)),
            hint="one of the two is forged or damaged; use another cloud",
        )
    try:
        manifest = read_manifest(cloud, record.manifest)
    except MissingError as error:  # promised by the version record
        raise DamagedError(error.message, where=error.where, hint=error.hint) from error
    return Resolved(cloud, reference.name, number, record.manifest, manifest, record)


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
    clouds: Sequence[Cloud], reference: Reference
) -> tuple[Resolved, dict[str, Exception]]:
    """Return what the first cloud that can tell says, and why the ones before it could not.

    Raises:
        StoreError, DeployerError: what the first cloud said, when none can tell.

    """
    failed: dict[str, Exception] = {}
    for cloud in clouds:
        try:
            return resolve(cloud, reference), failed
        except (StoreError, DamagedError, MissingError) as error:
            failed[cloud.name] = error
    raise next(iter(failed.values()))
