"""Fetching a version: every byte verified, written beside the target, then named at once."""

import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from deployer.errors import DamagedError, UsageError
from deployer.registry import layout
from deployer.registry.cloud import Cloud
from deployer.registry.names import Reference
from deployer.registry.records import File
from deployer.registry.resolve import Resolved, first_that_answers
from providers.errors import StoreError

__all__ = ["Pulled", "pull"]


@dataclass(frozen=True)
class Pulled:
    """What came of a pull.

    Attributes:
        sources: cloud name → number of files that came from it.
        skipped: cloud name → why it was passed over.

    """

    resolved: Resolved
    target: Path
    sources: Mapping[str, int]
    skipped: Mapping[str, str]


def pull(
    clouds: Sequence[Cloud],
    reference: Reference,
    target: Path,
    *,
    progress: Callable[[int], None],
    begin: Callable[[Resolved], None],
) -> Pulled:
    """Fetch the version that `reference` names into the folder `target`.

    The clouds are asked in order; one that fails or serves wrong bytes is passed over. An
    interrupted pull of the same version goes on where it stopped.

    Args:
        clouds: where from, the preferred one first.
        reference: what.
        target: a folder that does not exist yet, or an empty one.
        progress: called with numbers of bytes.
        begin: called once, when it is known what will be fetched.

    Raises:
        UsageError: `target` exists and is not empty.
        StoreError, DeployerError: no cloud could serve it.

    """
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise UsageError(
            "the target exists and is not an empty folder",
            where=str(target),
            hint="name another folder, or remove it",
        )
    resolved, failed = first_that_answers(clouds, reference)
    begin(resolved)
    ordered = [resolved.cloud, *(c for c in clouds if c.name not in {*failed, resolved.cloud.name})]
    staging = target.absolute().with_name(f".{target.name}.{resolved.digest[:16]}.pulling")
    staging.mkdir(parents=True, exist_ok=True)
    fetcher = _Fetcher(ordered, staging, progress, {k: str(v) for k, v in failed.items()})
    fetcher.run(resolved.manifest.files)
    _give_name(staging, target)
    return Pulled(resolved, target, fetcher.sources, fetcher.skipped)


def _give_name(staging: Path, target: Path) -> None:
    if target.is_dir():
        target.rmdir()  # an empty one; a rename onto it works on POSIX alone
    try:
        staging.rename(target)
    except OSError as error:
        shutil.rmtree(staging, ignore_errors=True)
        raise UsageError(
            f"cannot be written: {error.strerror}", where=str(target), hint="name another folder"
        ) from error


class _Fetcher:
    """Fetches files into a folder, each content once, from the first cloud that has it whole."""

    def __init__(
        self,
        clouds: Sequence[Cloud],
        folder: Path,
        progress: Callable[[int], None],
        skipped: dict[str, str],
    ) -> None:
        self.clouds = clouds
        self.folder = folder
        self.progress = progress
        self.skipped = skipped
        self.sources: dict[str, int] = {}

    def run(self, files: Sequence[File]) -> None:
        """Fetch all `files`."""
        self._remove_strangers(files)
        pool = ThreadPoolExecutor(self.clouds[0].store.options.workers, thread_name_prefix="pull")
        try:
            for cloud in pool.map(self._fetch, files):
                self.sources[cloud] = self.sources.get(cloud, 0) + 1
        finally:
            # Not waiting: an interrupted pull must end, and can be resumed.
            pool.shutdown(wait=False, cancel_futures=True)

    def _remove_strangers(self, files: Sequence[File]) -> None:
        """Leave nothing in the folder that the version does not have."""
        wanted = {self.folder / file.path for file in files}
        partial = {path.with_name(f".{path.name}.partial") for path in wanted}
        notes = {path.with_name(f"{path.name}.json") for path in partial}
        for folder, _, names in os.walk(self.folder):
            for name in names:
                path = Path(folder, name)
                if path not in wanted | partial | notes or path.is_symlink():
                    path.unlink()

    def _fetch(self, file: File) -> str:
        path = self.folder / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        first: StoreError | DamagedError | None = None
        for cloud in self.clouds:
            try:
                self._fetch_from(cloud, file, path)
            except (StoreError, DamagedError) as error:
                first = first or error
                self.skipped.setdefault(cloud.name, str(error))
            else:
                return cloud.name
        assert first is not None  # noqa: S101 - there is at least one cloud
        raise first

    def _fetch_from(self, cloud: Cloud, file: File, path: Path) -> None:
        key = layout.blob(file.sha256)
        meta = cloud.store.head(key)
        if meta.size != file.size:
            raise DamagedError(
                f"{meta.size} bytes instead of {file.size}",
                where=cloud.where(key),
                hint="this copy is damaged; use another cloud",
            )
        cloud.store.download(key, path, sha256=file.sha256, progress=self.progress)
