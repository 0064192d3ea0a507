"""From what was asked for to files on the disk: a folder, or a reference that clouds resolve."""

import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from deployer.errors import CloudError, DeployerError, FailedError, MissingError, TimedOutError
from deployer.packaging.layout import MODEL_FILE, decode_model
from deployer.registry.cloud import Cloud
from deployer.registry.format.names import Reference
from deployer.registry.format.records import Manifest, digest
from deployer.registry.reading.cache import BlobCache
from deployer.registry.reading.fastest import fastest_that_answers
from deployer.registry.reading.pull import pull
from deployer.registry.reading.resolve import Resolved, first_that_answers
from deployer.registry.reading.trust import Trust
from deployer.serving.run.disk import Disk
from deployer.serving.run.lastgood import LastGood
from deployer.serving.run.look import AliasLook
from deployer.serving.run.state import Placed
from deployer.serving.run.threads import within

__all__ = ["THIS_MACHINE", "FolderSource", "RegistrySource", "Source"]

THIS_MACHINE = "this machine"
"""The source of a version that was good before and came from no cloud this time."""

PATIENCE = 5.0  # seconds that the nearest clouds get, one after the other, before all are asked


class Source(Protocol):
    """Where the versions of one model come from. Methods may take long: call them in a thread."""

    @property
    def name(self) -> str:
        """The model's name."""

    @property
    def reference(self) -> str:
        """What it was asked for as."""

    @property
    def followed(self) -> bool:
        """Whether another version may be meant later."""

    def fetch(self) -> Placed:
        """Put the version that is meant now on the disk, verified.

        Raises:
            StoreError, DeployerError: why that cannot be.

        """

    def changed(self) -> bool:
        """Look shortly whether another version may be meant.

        Raises:
            StoreError, DeployerError: nobody answers.

        """

    def before(self) -> Placed | None:
        """Return the version that was good when this machine last served it, verified."""

    def good(self, placed: Placed) -> str:
        """Remember that all workers answer with this version; return why that failed, or ""."""


class FolderSource:
    """A package in a folder, copied: what changes there is served when somebody asks for it.

    Args:
        name: of the model.
        folder: of the package.
        copies: where copies go.

    """

    followed = False

    def __init__(self, name: str, folder: Path, copies: Path) -> None:
        self.name = name
        self.reference = str(folder)
        self._folder = folder
        self._copies = copies / name

    def fetch(self) -> Placed:
        """Copy the package, unless it is the one that was copied."""
        entry = self._folder / MODEL_FILE
        try:
            body = entry.read_bytes()
        except (FileNotFoundError, NotADirectoryError) as error:
            raise MissingError(
                f"not a model package: it has no {MODEL_FILE}",
                where=str(self._folder),
                hint="make one with: deployer train DATA.csv --target COLUMN",
            ) from error
        sha256 = digest(body)
        target = self._copies / sha256
        if not target.exists():
            document = decode_model(body, where=str(entry))
            self._copy(target, body, [file.path for file in document.files.values()])
        return Placed(self.name, "", sha256, str(target), self.reference, self.reference)

    def _copy(self, target: Path, entry: bytes, paths: Sequence[str]) -> None:
        partial = target.with_suffix(".partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        for path in paths:
            try:
                shutil.copyfile(self._folder / path, partial / path)
            except OSError as error:
                raise FailedError(
                    f"cannot be read: {error.strerror}",
                    where=str(self._folder / path),
                    hint="check the folder",
                ) from error
        (partial / MODEL_FILE).write_bytes(entry)
        partial.rename(target)

    def changed(self) -> bool:
        """Return False: a folder is read again when somebody asks for it."""
        return False

    def before(self) -> Placed | None:
        """Return None: a folder is its own memory."""
        return None

    def good(self, placed: Placed) -> str:
        """Remove the copies of what the folder held before."""
        for other in self._copies.iterdir():
            if other.name != placed.digest:
                shutil.rmtree(other, ignore_errors=True)
        return ""


class RegistrySource:
    """A reference, resolved by whichever cloud answers first; read under the user's trust.

    Args:
        reference: which version.
        clouds: where from, the nearest first.
        trust: what a cloud must satisfy to be believed.
        cache: contents that need not be fetched.
        disk: where packages of this model are.
        last: what was good before.

    """

    def __init__(
        self,
        reference: Reference,
        clouds: Sequence[Cloud],
        trust: Trust,
        cache: BlobCache | None,
        disk: Disk,
        last: LastGood,
    ) -> None:
        self.name = reference.name
        self.reference = str(reference)
        self.followed = reference.alias is not None
        self._reference = reference
        self._trust = trust
        self._cache = cache
        self._disk = disk
        self._last = last
        self._look = AliasLook(reference, clouds)
        self._signed: dict[str, bool] = {}
        self._serving = ""

    def fetch(self) -> Placed:
        """Resolve the reference, and fetch the version unless it is here."""
        resolved, failed = self._resolve()
        self._look.believe(resolved.alias, failed)
        folder = self._disk.place(resolved.digest, lambda target: self._pull(resolved, target))
        self._signed = {resolved.digest: resolved.signed is not None}
        return Placed(
            resolved.name,
            str(resolved.version or ""),
            resolved.digest,
            str(folder),
            resolved.cloud.name,
            self.reference,
        )

    def _resolve(self) -> tuple[Resolved, Mapping[str, Exception]]:
        """Return what the reference means; a cloud that hangs delays it by `PATIENCE` at most."""
        order, reference, trust = self._look.order(), self._reference, self._trust
        try:
            return within(PATIENCE, lambda: first_that_answers(order, reference, trust))
        except TimedOutError:
            pass
        try:
            resolved, race = within(PATIENCE, lambda: fastest_that_answers(order, reference, trust))
        except TimedOutError as error:
            names = ", ".join(cloud.name for cloud in order)
            raise CloudError(f"no cloud answers: {names}", hint="see: deployer doctor") from error
        return resolved, race.failed

    def _pull(self, resolved: Resolved, target: Path) -> Manifest:
        """Fetch the version that was resolved, whatever its alias says by now."""
        order = [resolved.cloud, *(each for each in self._look.order() if each != resolved.cloud)]
        done = pull(
            order,
            Reference(resolved.name, digest=resolved.digest),
            target,
            progress=lambda _count: None,
            begin=lambda _resolved: None,
            trust=self._trust,
            cache=self._cache,
        )
        return done.resolved.manifest

    def changed(self) -> bool:
        """Return whether the first cloud that answers has another record of the alias."""
        return self.followed and self._look.changed()

    def before(self) -> Placed | None:
        """Return the last good version of this reference, if it is here, whole, and allowed."""
        kept = self._last.read(self.reference)
        if kept is None:
            return None
        try:
            manifest = self._disk.hold(kept.digest)
            self._last.check(kept, manifest, self._trust)
        except (DeployerError, OSError):
            return None
        folder = str(self._disk.folder(kept.digest))
        return Placed(self.name, kept.version, kept.digest, folder, THIS_MACHINE, self.reference)

    def good(self, placed: Placed) -> str:
        """Remember it for a start without any cloud, and let go of older ones."""
        problem = ""
        if placed.digest in self._signed:
            signed = self._signed[placed.digest]
            problem = self._last.write(self.reference, placed, signed=signed)
        if self._serving != placed.digest:
            self._disk.release(self._serving)
            self._serving = placed.digest
            with suppress(OSError):
                self._disk.trim(self._last.digests(self.name) | {placed.digest})
        return problem
