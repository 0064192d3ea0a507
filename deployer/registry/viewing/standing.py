"""Whether a cloud has the whole of a version: by sizes and recorded digests, or by every byte."""

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal

from deployer.errors import DamagedError, MissingError
from deployer.registry.cloud import Cloud, in_parallel
from deployer.registry.format import layout
from deployer.registry.format.records import Manifest
from deployer.registry.reading.resolve import Resolved, read_manifest, read_version
from providers.errors import BucketNotFoundError, IntegrityError, NotFoundError
from providers.model import ObjectMeta

__all__ = ["Standing", "State", "blobs_of", "heads", "judge", "stand"]

State = Literal["complete", "behind", "missing", "damaged", "diverged"]
"""``behind``: the version is not there; ``missing`` and ``damaged``: it is, but not all of it;
``diverged``: another version has its number."""

Blobs = Mapping[str, int | None]
"""Digest → size of each content that a version needs; the size of a signature is not known."""


@dataclass(frozen=True)
class Standing:
    """How a cloud stands to a version: in a word, and in a few."""

    state: State
    detail: str


COMPLETE = Standing("complete", "complete")


def blobs_of(manifest: Manifest) -> Blobs:
    """Return each content that a version needs, its signature among them."""
    blobs: dict[str, int | None] = {file.sha256: file.size for file in manifest.files}
    if manifest.signature is not None:
        blobs.setdefault(manifest.signature, None)
    return blobs


def stand(
    cloud: Cloud,
    resolved: Resolved,
    *,
    deep: bool = False,
    progress: Callable[[int], None] = lambda _: None,
) -> Standing:
    """Return how `cloud` stands to a version.

    Args:
        cloud: where to look.
        resolved: the version, as another cloud has it or this one.
        deep: read and hash every byte; else sizes and recorded digests are compared.
        progress: called with numbers of bytes that were read.

    """
    if resolved.version is not None:
        try:
            record = read_version(cloud, resolved.name, resolved.version)
        except BucketNotFoundError:
            raise
        except NotFoundError:
            return Standing("behind", "absent")
        if record.manifest != resolved.digest:
            return Standing("diverged", "diverged")
    blobs = blobs_of(resolved.manifest)
    if not deep:
        if not cloud.store.exists(layout.manifest(resolved.digest)):
            return Standing("missing", "no manifest")
        return judge(blobs, heads(cloud, blobs))
    try:
        read_manifest(cloud, resolved.digest)
    except MissingError:
        return Standing("missing", "no manifest")
    except DamagedError:
        return Standing("damaged", "the manifest is damaged")

    def read(blob: tuple[str, int | None]) -> State:
        return _read(cloud, *blob, progress)

    with ThreadPoolExecutor(cloud.store.options.workers, thread_name_prefix="verify") as pool:
        return _sum_up(pool.map(read, blobs.items()))


def heads(cloud: Cloud, digests: Iterable[str]) -> dict[str, ObjectMeta | None]:
    """Return what a store knows of some contents; None of one that is not there."""

    def head(sha256: str) -> ObjectMeta | None:
        try:
            return cloud.store.head(layout.blob(sha256))
        except BucketNotFoundError:
            raise
        except NotFoundError:
            return None

    asked = list(digests)
    return dict(zip(asked, in_parallel(head, asked), strict=True))


def judge(blobs: Blobs, found: Mapping[str, ObjectMeta | None]) -> Standing:
    """Return how a cloud that has version and manifest stands, from what it says of contents."""
    return _sum_up(_state(sha256, size, found[sha256]) for sha256, size in blobs.items())


def _state(sha256: str, size: int | None, meta: ObjectMeta | None) -> State:
    if meta is None:
        return "missing"
    whole = size in (None, meta.size) and meta.sha256 in (None, sha256)
    return "complete" if whole else "damaged"


def _sum_up(states: Iterable[State]) -> Standing:
    wrong = [state for state in states if state != "complete"]
    if not wrong:
        return COMPLETE
    worst: State = "damaged" if "damaged" in wrong else "missing"
    return Standing(worst, f"{len(wrong)} files missing or damaged")


def _read(cloud: Cloud, sha256: str, size: int | None, progress: Callable[[int], None]) -> State:
    """Read and hash one content."""
    try:
        with cloud.store.open(layout.blob(sha256), sha256=sha256) as read:
            if size not in (None, read.meta.size):
                return "damaged"  # and maybe endless
            for chunk in read.chunks:
                progress(len(chunk))
    except BucketNotFoundError:
        raise
    except NotFoundError:
        return "missing"
    except IntegrityError:
        return "damaged"
    return "complete"
