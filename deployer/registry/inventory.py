"""What there is: models, versions, aliases, and which cloud has what."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from deployer.errors import DeployerError, MissingError
from deployer.registry import layout
from deployer.registry.aliases import read_alias
from deployer.registry.cloud import Cloud, everywhere, names_below
from deployer.registry.names import LATEST, is_name
from deployer.registry.records import AliasRecord
from deployer.registry.resolve import Resolved, read_version
from providers.errors import BucketNotFoundError, NotFoundError, StoreError

__all__ = [
    "ModelLine",
    "aliases_of",
    "models",
    "presence",
    "version_numbers",
]


_VERSION_FILE = re.compile(r"[0-9]{8}\.json\Z")


@dataclass(frozen=True)
class ModelLine:
    """One model, in short."""

    name: str
    latest: int | None
    created: str
    by: str
    aliases: Mapping[str, int]


def models(cloud: Cloud) -> Iterator[ModelLine]:
    """Yield the models that `cloud` has, ordered by name."""
    for name in filter(is_name, names_below(cloud, layout.MODELS)):
        aliases = {record.alias: record for record in aliases_of(cloud, name)}
        latest = aliases.pop(LATEST, None)
        yield ModelLine(
            name=name,
            latest=latest.version if latest else None,
            created=latest.at if latest else "",
            by=latest.by if latest else "",
            aliases={alias: record.version for alias, record in aliases.items()},
        )


def aliases_of(cloud: Cloud, name: str) -> list[AliasRecord]:
    """Return the aliases of a model, ordered by name."""
    prefix = layout.aliases(name)
    found = []
    for meta in cloud.store.list_dir(prefix).objects:
        alias = meta.key.removeprefix(prefix).removesuffix(".json")
        record = read_alias(cloud, name, alias) if is_name(alias) else None
        if record is not None:
            found.append(record[0])
    return found


def version_numbers(cloud: Cloud, name: str) -> list[int]:
    """Return the numbers of a model's versions, ascending.

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


def presence(clouds: Sequence[Cloud], resolved: Resolved) -> dict[str, str]:
    """Return for each cloud whether it has the whole version: ``complete`` or what is wrong.

    Sizes and recorded digests are compared; the bytes are not read.
    """

    def look(cloud: Cloud) -> str:
        if resolved.version is not None:
            try:
                record = read_version(cloud, resolved.name, resolved.version)
            except BucketNotFoundError:
                raise
            except NotFoundError:
                return "absent"
            if record.manifest != resolved.digest:
                return "diverged"
        if not cloud.store.exists(layout.manifest(resolved.digest)):
            return "no manifest"
        wrong = sum(
            not _holds(cloud, sha256, size)
            for sha256, size in {(file.sha256, file.size) for file in resolved.manifest.files}
        )
        return f"{wrong} files missing or damaged" if wrong else "complete"

    done, failed = everywhere(clouds, look)
    errors: Mapping[str, StoreError | DeployerError] = failed
    return {c.name: done.get(c.name) or f"unreachable: {errors[c.name].message}" for c in clouds}


def _holds(cloud: Cloud, sha256: str, size: int) -> bool:
    try:
        meta = cloud.store.head(layout.blob(sha256))
    except BucketNotFoundError:
        raise
    except NotFoundError:
        return False
    return meta.size == size and meta.sha256 in (None, sha256)
