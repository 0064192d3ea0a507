"""Files and their content: hashing a folder once, sending each content once to each cloud."""

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from deployer.errors import DamagedError, UsageError
from deployer.registry.cloud import Cloud
from deployer.registry.format import layout
from deployer.registry.format.records import File
from providers.errors import AlreadyExistsError, BucketNotFoundError, NotFoundError
from providers.model import ObjectMeta
from providers.source import FileSource, Fingerprint, fingerprint

__all__ = ["Content", "Sent", "hash_files", "holds", "send"]


@dataclass(frozen=True)
class Content:
    """The files of a folder and where each distinct content can be read.

    Attributes:
        files: ordered by path.
        sources: hex SHA-256 → a file with this content, and what it held when it was hashed.

    """

    files: tuple[File, ...]
    sources: Mapping[str, tuple[Path, Fingerprint]]


@dataclass(frozen=True)
class Sent:
    """What it took to bring a cloud up to date.

    Attributes:
        sent: number of contents uploaded.
        sent_bytes: their bytes.
        reused: number of contents that were there already.

    """

    sent: int
    sent_bytes: int
    reused: int


def hash_files(found: Sequence[tuple[str, Path]]) -> Content:
    """Read and hash each file once.

    Args:
        found: ``(relative path, file)``, ordered, as :func:`scan` finds them.

    Raises:
        UsageError: one cannot be read.

    """
    pool = ThreadPoolExecutor(os.cpu_count(), thread_name_prefix="hash")
    try:
        prints = list(pool.map(lambda entry: fingerprint(entry[1]), found))
    except OSError as error:
        raise UsageError(
            f"cannot be read: {error.strerror}",
            where=str(error.filename),
            hint="correct its permissions",
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)
    files = tuple(
        File(path=path, size=found_print.size, sha256=found_print.sha256)
        for (path, _), found_print in zip(found, prints, strict=True)
    )
    sources = {seen.sha256: (path, seen) for (_, path), seen in zip(found, prints, strict=True)}
    return Content(files, sources)


def send(
    cloud: Cloud,
    content: Content,
    *,
    probably_there: Collection[str],
    read_back: bool,
    progress: Callable[[int], None],
) -> Sent:
    """Bring every content to `cloud`, in parallel, and return what that took.

    Args:
        cloud: where to.
        content: what.
        probably_there: digests to ask for before they are sent; the others are sent at once,
            which is one request less for what is new.
        read_back: read and hash each upload, because this cloud does not check what it is sent.
        progress: called with numbers of bytes that are in place.

    Raises:
        StoreError: the cloud refused or vanished; what was sent stays and is not sent again.

    """

    def bring(sha256: str) -> int:
        path, seen = content.sources[sha256]
        key = layout.blob(sha256)
        large = seen.size > cloud.store.options.part_size
        if (large or sha256 in probably_there) and _is_there(cloud, key, seen):
            progress(seen.size)
            return 0
        if not _upload(cloud, key, path, seen, progress):
            if _is_there(cloud, key, seen):
                progress(seen.size)
                return 0
            if not _upload(cloud, key, path, seen, progress):
                raise DamagedError(
                    "somebody puts something else in its place",
                    where=cloud.where(key),
                    hint="look for the other writer, then repeat the command",
                )
        if read_back:
            with cloud.store.open(key, sha256=sha256) as read:
                for _ in read.chunks:
                    pass
        return 1

    digests: Sequence[str] = sorted(
        content.sources, key=lambda sha256: -content.sources[sha256][1].size
    )
    with ThreadPoolExecutor(cloud.store.options.workers, thread_name_prefix="blob") as pool:
        sent = list(pool.map(bring, digests))
    sizes = [content.sources[digest][1].size for digest in digests]
    return Sent(
        sent=sum(sent),
        sent_bytes=sum(size for size, new in zip(sizes, sent, strict=True) if new),
        reused=len(sent) - sum(sent),
    )


def _upload(
    cloud: Cloud, key: str, path: Path, seen: Fingerprint, progress: Callable[[int], None]
) -> bool:
    """Create the blob; return False if an object is there already."""
    try:
        source = FileSource(path, seen)
    except OSError as error:
        raise UsageError(
            f"cannot be read any more: {error.strerror}",
            where=str(path),
            hint="leave the folder alone while it is pushed, and repeat the command",
        ) from error
    try:
        cloud.store.put(key, source, mode="create", sha256=seen.sha256, progress=progress)
    except AlreadyExistsError:
        return False
    finally:
        source.close()
    return True


def holds(cloud: Cloud, sha256: str, size: int) -> bool:
    """Tell whether the cloud has this content, by its size and recorded digest."""
    meta = _meta(cloud, layout.blob(sha256))
    return meta is not None and _is_it(meta, sha256, size)


def _is_there(cloud: Cloud, key: str, seen: Fingerprint) -> bool:
    """Tell whether the cloud has this content; remove an object that only pretends to be it."""
    meta = _meta(cloud, key)
    if meta is None or _is_it(meta, seen.sha256, seen.size):
        return meta is not None
    conditional = cloud.store.capabilities.conditional_delete
    cloud.store.delete(key, if_match=meta.version if conditional else None)
    return False


def _meta(cloud: Cloud, key: str) -> ObjectMeta | None:
    try:
        return cloud.store.head(key)
    except BucketNotFoundError:
        raise
    except NotFoundError:
        return None


def _is_it(meta: ObjectMeta, sha256: str, size: int) -> bool:
    return meta.size == size and meta.sha256 in (None, sha256)
