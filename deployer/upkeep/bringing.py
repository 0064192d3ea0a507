"""Carrying out the plan of one cloud, in an order in which nothing refers to what is not there."""

import threading
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from deployer.errors import CloudError, DamagedError, DeployerError, PartialError
from deployer.registry.aliasing.aliases import deletion_in_the_way
from deployer.registry.cloud import Cloud, write_document
from deployer.registry.deleting.deletions import DeletedError
from deployer.registry.format import layout
from deployer.registry.format.keys import Kind, place_of
from deployer.registry.format.records import FORMAT, AliasRecord, Txn, VersionRecord, decode, encode
from deployer.registry.publishing.publish import TXN_LIFE
from deployer.registry.publishing.sweeps import announce
from deployer.registry.who import author, now, stamp
from deployer.upkeep.catalog import Catalog
from deployer.upkeep.copying import Target, fetch_document, is_gone
from deployer.upkeep.judge import Judged, Problem
from deployer.upkeep.plan import CloudPlan, LogTask, Task
from deployer.upkeep.reading import READERS, Found, belongs, condition_of, in_turn, look_at
from deployer.upkeep.truth import Log
from providers.errors import AlreadyExistsError, PreconditionError, StoreError

__all__ = ["Bringer", "Brought"]

MAX_TURNS = 5

T = TypeVar("T")


@dataclass
class Brought:
    """What was done to one cloud.

    Attributes:
        counts: objects by kind.
        size: bytes of contents.
        replaced: how many of the objects took the place of a damaged one.
        failed: key → why it could not be brought.

    """

    counts: Counter[Kind] = field(default_factory=Counter)
    size: int = 0
    replaced: int = 0
    failed: dict[str, StoreError | DeployerError] = field(default_factory=dict)


class Bringer:
    """Carries out the plan of one cloud."""

    def __init__(
        self,
        target: Target,
        plan: CloudPlan,
        judged: Judged,
        catalog: Catalog,
        logs: Mapping[str, Log],
        sources: Mapping[str, Cloud],
        *,
        is_home: bool,
    ) -> None:
        self.target = target
        self.cloud = target.cloud
        self.plan = plan
        self.judged = judged
        self.catalog = catalog
        self.logs = logs
        self.sources = sources
        self.is_home = is_home
        self.done = Brought()
        self.lost = {defect.key for defect in (*plan.lost, *plan.left)}
        self.lock = threading.Lock()

    def run(self) -> Brought:
        """Bring everything, and return what was brought.

        Raises:
            StoreError: the cloud does not answer any more.

        """
        workers = self.cloud.store.options.workers
        new = [task for task in self.plan.versions if task.seen is None]
        intents = list(in_turn(READERS, self._announce, new))
        self._look_again(new)
        self._all(workers, self._bring_blob, self.plan.blobs)
        self._all(workers, self._bring_manifest, self.plan.manifests)
        self._all(READERS, self._bring_version, self.plan.versions)
        self._all(READERS, self._bring_record, self.plan.deletions)
        self._all(READERS, self._bring_log, self.plan.logs.values())
        self._all(READERS, lambda ident: self.cloud.store.delete(layout.txn(ident)), intents)
        return self.done

    # Garbage collection

    def _announce(self, task: Task) -> str:
        """Keep what a version needs from being collected as garbage before the version is there."""
        record = self.catalog.records[task.digest]
        assert isinstance(record, VersionRecord)  # noqa: S101 - what these keys hold
        ident = str(uuid.uuid4())
        blobs = {sha256 for sha256, _ in self._contents(record.manifest)}
        intent = Txn(
            format=FORMAT,
            id=ident,
            model=record.model,
            manifest=record.manifest,
            blobs=tuple(sorted(blobs)),
            created=stamp(now()),
            expires=stamp(now(), TXN_LIFE),
            by=author(),
        )
        announce(self.cloud, ident, encode(intent))
        return ident

    def _look_again(self, tasks: Iterable[Task]) -> None:
        """See whether what new versions need, and was there, has not been collected since."""
        coming = {task.key for task in self.plan.tasks}
        there: set[str] = set()
        for task in tasks:
            manifest = getattr(self.catalog.records[task.digest], "manifest", "")
            there.add(layout.manifest(manifest))
            there.update(layout.blob(sha256) for sha256, _ in self._contents(manifest))
        keys = sorted(there - coming - self.lost)
        for key, exists in zip(keys, in_turn(READERS, self.cloud.store.exists, keys), strict=True):
            if not exists:
                self.done.failed[key] = CloudError(
                    "it was there, and was removed meanwhile",
                    where=self.cloud.where(key),
                    hint="repeat the command",
                )

    def _contents(self, manifest: str) -> list[tuple[str, int | None]]:
        contents = self.catalog.manifests.get(manifest)
        return [self.catalog.blobs[number] for number in contents.blobs] if contents else []

    # One by one

    def _all(self, workers: int, act: Callable[[T], None], tasks: Iterable[T]) -> None:
        for _ in in_turn(workers, act, tasks):
            pass

    def _try(self, task: Task, act: Callable[[], None]) -> None:
        """Do one thing; a cloud that is gone ends all, anything else this thing alone."""
        try:
            act()
        except (StoreError, DeployerError) as error:
            if is_gone(self.cloud, error):
                raise
            with self.lock:
                self.done.failed[task.key] = error
            return
        with self.lock:
            self.done.counts[task.kind] += 1
            self.done.replaced += task.seen is not None
            self.done.size += task.size if task.kind == Kind.BLOB else 0

    def _from(self, task: Task) -> list[Cloud]:
        return [self.sources[name] for name in task.sources if name in self.sources]

    def _bring_blob(self, task: Task) -> None:
        self._try(
            task,
            lambda: self.target.bring_content(
                task.key, task.digest, task.size, self._from(task), seen=task.seen
            ),
        )

    def _bring_manifest(self, task: Task) -> None:
        if task.seen is None and not self._has_contents(task.digest):
            self._hold_back(task)
            return

        def act() -> None:
            body = fetch_document(self._from(task), task.key, task.digest)
            self.target.bring_document(task.key, body, seen=task.seen)

        self._try(task, act)

    def _bring_version(self, task: Task) -> None:
        manifest = getattr(self.catalog.records[task.digest], "manifest", "")
        key = layout.manifest(manifest)
        if task.seen is None and (self._is_bad(key) or not self._has_contents(manifest)):
            self._hold_back(task)
        else:
            self._bring_record(task)

    def _bring_record(self, task: Task) -> None:
        body = encode(self.catalog.records[task.digest])
        self._try(task, lambda: self.target.bring_document(task.key, body, seen=task.seen))

    def _hold_back(self, task: Task) -> None:
        """Leave out what would lead a reader to something that is not there."""
        with self.lock:
            self.done.failed[task.key] = PartialError(
                "not brought, because something that it refers to could not be",
                where=self.cloud.where(task.key),
                hint="see what else could not be repaired",
            )

    def _is_bad(self, key: str) -> bool:
        return key in self.lost or key in self.done.failed

    def _has_contents(self, manifest: str) -> bool:
        if not self.lost and not self.done.failed:
            return True
        blobs = self._contents(manifest)
        known = manifest in self.catalog.manifests
        return known and not any(self._is_bad(layout.blob(sha256)) for sha256, _ in blobs)

    # Aliases

    def _bring_log(self, task: LogTask) -> None:
        for entry in task.entries:  # one by one: a log must not get a gap
            self._bring_record(entry)
            if entry.key in self.done.failed:
                return
        log = self.logs[task.key]
        head = self._reachable(log, task.head)
        if not task.moves or not head:
            return
        kind = Task(task.key, Kind.ALIAS, "", 0, (), self._seen(task.key))
        self._try(kind, lambda: self._swap(log, head))

    def _seen(self, key: str) -> str | None:
        defect, held = self.judged.defects.get(key), self.judged.scan.held.get(key)
        if defect is None or defect.problem != Problem.DAMAGED or held is None:
            return None
        return held.digest

    def _reachable(self, log: Log, head: int) -> int:
        """Return the last entry up to `head` whose version came through."""
        if self.is_home:
            return head
        for seq in range(head, 0, -1):
            digest = log.entries[seq - 1]
            if digest is None:
                continue
            record = self.catalog.records[digest]
            assert isinstance(record, AliasRecord)  # noqa: S101 - what these keys hold
            if record.removed or not self._is_bad(layout.version(record.model, record.version)):
                return seq
        return 0

    def _swap(self, log: Log, head: int) -> None:
        """Let the alias be a copy of entry `head`, unless it has gone further meanwhile."""
        digest = log.entries[head - 1]
        assert digest is not None  # noqa: S101 - see _reachable
        record = self.catalog.records[digest]
        body = encode(record)
        if self.is_home and isinstance(record, AliasRecord):
            deletion = deletion_in_the_way(self.cloud, record)
            if deletion is not None:
                raise DeletedError(self.cloud, deletion)
        for _ in range(MAX_TURNS):
            found = look_at(self.cloud, log.key)
            if found is not None and found.held.digest == digest and not found.held.problem:
                return
            if found is not None and self._seq(log, found) >= head:
                return
            try:
                mode = condition_of(found)
                write_document(self.cloud, log.key, body, mode=mode)
            except (AlreadyExistsError, PreconditionError):
                continue
            return
        raise CloudError(
            f"{log.model}@{log.alias} is moved by others all the time",
            where=self.cloud.where(log.key),
            hint="repeat the command",
        )

    def _seq(self, log: Log, found: Found) -> int:
        """Return which entry the alias follows; 0 if it is damaged, as it was seen to be."""
        place = place_of(log.key)
        assert place is not None  # noqa: S101 - it was found under this key
        try:
            record = decode(found.body, AliasRecord, where=self.cloud.where(log.key))
        except DamagedError:
            return 0
        wrong = bool(found.held.problem) or found.held.digest == self._seen(log.key)
        return 0 if wrong or not belongs(record, place) else record.seq
