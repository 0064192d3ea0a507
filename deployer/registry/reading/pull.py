"""Fetching a version: every byte verified, written beside the target, then named at once."""

import hashlib
import os
import shutil
import stat
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from deployer.errors import DamagedError, UsageError
from deployer.registry.cloud import Cloud
from deployer.registry.format import layout
from deployer.registry.format.names import Reference
from deployer.registry.format.records import File
from deployer.registry.reading.cache import BlobCache
from deployer.registry.reading.fastest import fastest_that_answers
from deployer.registry.reading.resolve import CREDULOUS, Resolved, first_that_answers
from deployer.registry.reading.trust import Trust
from providers.errors import BucketNotFoundError, NotFoundError, StoreError
from providers.source import fingerprint

__all__ = ["Pulled", "pull"]


@dataclass(frozen=True)
class Pulled:
    """What came of a pull.

    Attributes:
        sources: cloud name → number of contents that came from it.
        skipped: cloud name → why it was passed over.
        cached: number of contents that were in the cache.

    """

    resolved: Resolved
    target: Path
    sources: Mapping[str, int]
    skipped: Mapping[str, str]
    cached: int = 0


def pull(
    clouds: Sequence[Cloud],
    reference: Reference,
    target: Path,
    *,
    progress: Callable[[int], None],
    begin: Callable[[Resolved], None],
    trust: Trust = CREDULOUS,
    cache: BlobCache | None = None,
    fastest: bool = False,
) -> Pulled:
    """Fetch the version that `reference` names into the folder `target`.

    The clouds are asked in order; one that fails, cannot be trusted or serves wrong bytes is
    passed over. An interrupted pull of the same version goes on where it stopped. Nothing is
    fetched before the version's signature has been checked.

    Args:
        clouds: where from, the preferred one first.
        reference: what.
        target: a folder that does not exist yet, or an empty one.
        progress: called with numbers of bytes.
        begin: called once, when it is known what will be fetched.
        trust: what a cloud must satisfy to be believed.
        cache: contents that need not be fetched, and where new ones are kept.
        fastest: ask all clouds at once, and fetch from the quickest first.

    Raises:
        UsageError: `target` exists and is not empty.
        StoreError, DeployerError: no cloud could serve it.

    """
    target = target.absolute()
    if target.exists() and (
        not target.is_dir() or any(target.iterdir()) or target.samefile(Path.cwd())
    ):
        raise UsageError(
            "the target exists and is not an empty folder",
            where=str(target),
            hint="name another folder, or remove it",
        )
    resolved, ordered, failed = _ask(clouds, reference, trust, fastest=fastest)
    begin(resolved)
    staging = _make_staging(target, resolved.digest)
    skipped = {name: str(error) for name, error in failed.items()}
    fetcher = _Fetcher(ordered, staging / "blobs", progress, skipped, cache)
    fetcher.run(resolved.manifest.files)
    _arrange(resolved.manifest.files, staging / "blobs", staging / "files")
    if target.is_dir():
        target.rmdir()  # an empty one; a rename onto it works on POSIX alone
    (staging / "files").rename(target)
    shutil.rmtree(staging, ignore_errors=True)
    if cache is not None:
        cache.trim()
    return Pulled(resolved, target, fetcher.sources, fetcher.skipped, fetcher.cached)


def _ask(
    clouds: Sequence[Cloud], reference: Reference, trust: Trust, *, fastest: bool
) -> tuple[Resolved, Sequence[Cloud], Mapping[str, Exception]]:
    """Return what to fetch, the clouds to fetch it from in order, and why others cannot be asked."""
    if fastest:
        resolved, race = fastest_that_answers(clouds, reference, trust)
        order, failed = race.order, race.failed
    else:
        resolved, failed = first_that_answers(clouds, reference, trust)
        passed = {*failed, resolved.cloud.name}
        order = (resolved.cloud, *(cloud for cloud in clouds if cloud.name not in passed))
    bound = resolved.manifest.residency
    return resolved, [cloud for cloud in order if not trust.cloud_place(cloud, bound)], failed


def _make_staging(target: Path, digest: str) -> Path:
    """Return the folder in which a pull of this version to this target comes together.

    Its name is always the same, so that a repetition finds it; it must be ours alone, since
    somebody else's could hold links that lead our writes elsewhere.
    """
    mark = hashlib.sha256(digest.encode() + os.fsencode(target.name)).hexdigest()[:16]
    staging = target.parent / f".{mark}.pulling"
    target.parent.mkdir(parents=True, exist_ok=True)
    staging.mkdir(mode=0o700, exist_ok=True)
    found = staging.lstat()
    if not stat.S_ISDIR(found.st_mode) or (hasattr(os, "getuid") and found.st_uid != os.getuid()):
        raise UsageError(
            "somebody else's file is in the way", where=str(staging), hint="name another folder"
        )
    staging.chmod(0o700)
    (staging / "blobs").mkdir(exist_ok=True)
    return staging


def _arrange(files: Sequence[File], blobs: Path, folder: Path) -> None:
    """Put each content where the version has it; always from nothing, so nothing else is there."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    placed: set[str] = set()
    for file in files:
        path = folder / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        blob = blobs / file.sha256
        # A second path gets a file of its own: writing to one must leave the other.
        if file.sha256 in placed or not _link(blob, path):
            shutil.copyfile(blob, path)
        placed.add(file.sha256)


def _link(blob: Path, path: Path) -> bool:
    """Give the content another name, which a crash cannot undo; False where links are not known."""
    try:
        os.link(blob, path)
    except OSError:
        return False
    return True


class _Fetcher:
    """Fetches contents into a folder, each one once, from the first cloud that has it whole."""

    def __init__(
        self,
        clouds: Sequence[Cloud],
        folder: Path,
        progress: Callable[[int], None],
        skipped: dict[str, str],
        cache: BlobCache | None,
    ) -> None:
        self.clouds = clouds
        self.folder = folder
        self.progress = progress
        self.skipped = skipped
        self.cache = cache
        self.sources: dict[str, int] = {}
        self.cached = 0

    def run(self, files: Sequence[File]) -> None:
        """Fetch the content of all `files`."""
        contents = {file.sha256: file for file in files}
        pool = ThreadPoolExecutor(self.clouds[0].store.options.workers, thread_name_prefix="pull")
        try:
            for origin in pool.map(self._fetch, contents.values()):
                if isinstance(origin, Cloud):
                    self.sources[origin.name] = self.sources.get(origin.name, 0) + 1
                elif isinstance(origin, BlobCache):
                    self.cached += 1
        finally:
            # Not waiting: an interrupted pull must end, and can be resumed.
            pool.shutdown(wait=False, cancel_futures=True)

    def _fetch(self, file: File) -> Cloud | BlobCache | None:
        """Fetch one content; return where it came from, None if an earlier run had it."""
        path = self.folder / file.sha256
        if path.is_file() and fingerprint(path).sha256 == file.sha256:
            self.progress(file.size)
            return None
        if self.cache is not None and self.cache.take(file.sha256, file.size, path):
            self.progress(file.size)
            return self.cache
        first: StoreError | DamagedError | None = None
        for cloud in self.clouds:
            try:
                self._fetch_from(cloud, file, path)
            except (StoreError, DamagedError) as error:
                first = first or error
                self.skipped.setdefault(cloud.name, str(error))
            else:
                if self.cache is not None:
                    self.cache.give(file.sha256, path)
                return cloud
        assert first is not None  # noqa: S101 - there is at least one cloud
        raise first

    def _fetch_from(self, cloud: Cloud, file: File, path: Path) -> None:
        key = layout.blob(file.sha256)
        try:
            meta = cloud.store.head(key)
        except BucketNotFoundError:
            raise
        except NotFoundError as error:
            raise DamagedError(
                f"the content of {file.path} is missing",
                where=cloud.where(key),
                hint="use another cloud, or push the version again",
            ) from error
        if meta.size != file.size:
            raise DamagedError(
                f"{meta.size} bytes instead of {file.size}",
                where=cloud.where(key),
                hint="this copy is damaged; use another cloud",
            )
        cloud.store.download(key, path, sha256=file.sha256, progress=self.progress)
