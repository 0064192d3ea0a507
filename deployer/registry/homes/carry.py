"""Carrying a version from one cloud to another: what it refers to first, then the record."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from deployer.errors import DamagedError, PolicyError
from deployer.registry.cloud import Cloud, create_same, read_bytes, read_document
from deployer.registry.format import layout
from deployer.registry.format.records import Manifest, VersionRecord, decode, digest
from deployer.registry.viewing.standing import blobs_of, heads
from providers.errors import AlreadyExistsError, BucketNotFoundError, NotFoundError
from providers.model import Version

__all__ = [
    "KeepOut",
    "anywhere",
    "carry_content",
    "carry_version",
    "copy_document",
    "read_if_there",
]

KeepOut = Callable[[Cloud, Sequence[str]], str]
"""Tells why a cloud must not hold what is bound to some regions; empty if it may."""


def anywhere(cloud: Cloud, residency: Sequence[str]) -> str:
    """Forbid nothing."""
    return ""


def carry_version(
    source: Cloud, target: Cloud, key: str, *, keep_out: KeepOut = anywhere
) -> VersionRecord:
    """Bring a version, whole, to `target` under the number it has on `source`.

    Raises:
        DamagedError: the source's copy is not whole, or the target has another version there.
        PolicyError: the target is outside the regions that the model is bound to.

    """
    body, _ = read_bytes(source, key)
    record = decode(body, VersionRecord, where=source.where(key))
    carry_content(source, target, record.manifest, keep_out=keep_out)
    create_same(target, key, body)
    return record


def carry_content(
    source: Cloud, target: Cloud, sha256: str, *, keep_out: KeepOut = anywhere
) -> None:
    """Bring a manifest to `target`, and first all that it names; what is there is not sent again.

    What is sent is read back: nobody has asked this store whether it checks uploads.
    """
    key = layout.manifest(sha256)
    manifest, body, _ = read_document(source, key, Manifest, sha256=sha256)
    problem = keep_out(target, manifest.residency)
    if problem:
        raise PolicyError(
            problem, where=target.store.url, hint="choose another cloud for it", digest=sha256
        )
    blobs = blobs_of(manifest)

    def bring(blob: tuple[str, int | None]) -> None:
        _carry_blob(source, target, *blob)

    with ThreadPoolExecutor(target.store.options.workers, thread_name_prefix="carry") as pool:
        list(pool.map(bring, blobs.items()))
    create_same(target, key, body)


def _carry_blob(source: Cloud, target: Cloud, sha256: str, size: int | None) -> None:
    key = layout.blob(sha256)
    there = heads(target, [sha256])[sha256]
    if there is not None and size in (None, there.size) and there.sha256 in (None, sha256):
        return
    try:
        with source.store.open(key, sha256=sha256) as read:
            target.store.put(key, read.chunks, mode="create", sha256=sha256)
    except AlreadyExistsError:
        pass  # by somebody else, or it is damaged: reading it tells
    with target.store.open(key, sha256=sha256) as read:
        for _ in read.chunks:
            pass


def copy_document(source: Cloud, target: Cloud, key: str, sha256: str) -> bytes:
    """Copy a document that nothing needs to precede, and return its bytes."""
    body, _ = read_bytes(source, key)
    if digest(body) != sha256:
        raise DamagedError(
            "it changed while it was copied", where=source.where(key), hint="repeat the command"
        )
    create_same(target, key, body)
    return body


def read_if_there(cloud: Cloud, key: str) -> tuple[bytes, Version] | None:
    """Return a document's bytes and version, or None if there is none."""
    try:
        return read_bytes(cloud, key)
    except BucketNotFoundError:
        raise
    except NotFoundError:
        return None
