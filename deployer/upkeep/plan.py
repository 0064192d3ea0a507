"""What has to be brought where, from where: worked out before anything is written."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from deployer.registry.format import layout
from deployer.registry.format.keys import Kind, Place, place_of
from deployer.upkeep.judge import Defect, Judged, Problem
from deployer.upkeep.verify import Verified

__all__ = ["CloudPlan", "LogTask", "Plan", "Task", "make_plan"]


class Task(NamedTuple):
    """One object to bring to one cloud.

    Attributes:
        digest: hex SHA-256 that it must have there.
        size: bytes; of records nobody counts them.
        sources: names of clouds that were seen to have it whole; of records, which are at hand,
            none.
        seen: digest of what is there and was seen to be wrong; None if nothing is.

    """

    key: str
    kind: Kind
    digest: str
    size: int
    sources: tuple[str, ...]
    seen: str | None


@dataclass
class LogTask:
    """What one alias lacks.

    Attributes:
        key: the alias's.
        entries: those of its log that are not there, in order.
        head: number of the entry that it should be a copy of.
        moves: whether it is not that copy yet.

    """

    key: str
    entries: list[Task] = field(default_factory=list)
    head: int = 0
    moves: bool = False


@dataclass
class CloudPlan:
    """What one cloud lacks, in the order in which it is brought.

    Attributes:
        lost: what is wrong there, and no cloud has it right.
        left: what is wrong there, and not for a copy to put right.

    """

    blobs: list[Task] = field(default_factory=list)
    manifests: list[Task] = field(default_factory=list)
    versions: list[Task] = field(default_factory=list)
    deletions: list[Task] = field(default_factory=list)
    logs: dict[str, LogTask] = field(default_factory=dict)
    lost: list[Defect] = field(default_factory=list)
    left: list[Defect] = field(default_factory=list)

    @property
    def size(self) -> int:
        """Bytes of contents to be copied."""
        return sum(task.size for task in self.blobs)

    @property
    def tasks(self) -> Iterable[Task]:
        """All objects to be brought, but for the aliases themselves."""
        yield from self.blobs
        yield from self.manifests
        yield from self.versions
        yield from self.deletions
        for log in self.logs.values():
            yield from log.entries


Plan = Mapping[str, CloudPlan]
"""By cloud name."""


def make_plan(verified: Verified) -> dict[str, CloudPlan]:
    """Return what would make all clouds whole."""
    sizes = {digest: size for digest, size in verified.survey.catalog.blobs if size is not None}
    return {
        name: _Planner(verified, judged, sizes).plan() for name, judged in verified.judged.items()
    }


class _Planner:
    def __init__(self, verified: Verified, judged: Judged, sizes: Mapping[str, int]) -> None:
        self.survey = verified.survey
        self.truth = verified.truth
        self.judged = judged
        self.sizes = sizes
        self.apart = judged.scan.cloud.name in verified.identity.apart
        self.made = CloudPlan()

    def plan(self) -> CloudPlan:
        for key, defect in sorted(self.judged.defects.items()):
            place = place_of(key)
            if place is None or place.kind == Kind.MARKER:
                continue  # the markers are dealt with before anything else
            if self.apart or defect.problem == Problem.DIVERGED:
                self.made.left.append(defect)
            elif place.kind == Kind.ALIAS:
                self._alias(defect)
            elif defect.problem == Problem.BEHIND:
                self.made.left.append(defect)
            else:
                self._object(defect, place)
        return self.made

    def _object(self, defect: Defect, place: Place) -> None:
        key = defect.key
        held = self.judged.scan.held.get(key)
        task = self._task(key, place, held.digest if held else None)
        if (
            task is not None
            and held is not None
            and not held.problem
            and held.digest == task.digest
        ):
            self.made.left.append(defect)  # its bytes are right, and yet it is refused
        elif task is None:
            self.made.lost.append(defect)
        elif place.kind == Kind.BLOB:
            self.made.blobs.append(task)
        elif place.kind == Kind.MANIFEST:
            self.made.manifests.append(task)
        elif place.kind == Kind.VERSION:
            self.made.versions.append(task)
        elif place.kind == Kind.DELETION:
            self.made.deletions.append(task)
        else:
            self._log(layout.alias(place.model, place.name)).entries.append(task)

    def _task(self, key: str, place: Place, seen: str | None) -> Task | None:
        """Return how to bring an object, or None if nobody has it right."""
        if place.kind in (Kind.BLOB, Kind.MANIFEST):
            return self._copy(key, place, seen)
        digest: str | None = None
        if place.kind == Kind.VERSION:
            digest = self.truth.versions.get(key)
        elif place.kind == Kind.DELETION:
            digest = self.truth.deletions.get(key)
        elif place.kind == Kind.ENTRY:
            entries = self.truth.logs[layout.alias(place.model, place.name)].entries
            digest = entries[place.number - 1] if place.number <= len(entries) else None
        return Task(key, place.kind, digest, 0, (), seen) if digest else None

    def _copy(self, key: str, place: Place, seen: str | None) -> Task | None:
        size = self.sizes.get(place.name)
        found = {}
        for name, scan in self.survey.scans.items():
            held = scan.held.get(key)
            # Without a manifest that names it, a content is of the size that it is.
            if held is not None and not held.problem and size in (None, held.size):
                found[name] = held.size
        found.pop(self.judged.scan.cloud.name, None)
        if not found:
            return None
        size = next(iter(found.values())) if size is None else size
        return Task(key, place.kind, place.name, size, tuple(found), seen)

    def _alias(self, defect: Defect) -> None:
        if self.judged.heads.get(defect.key):
            self._log(defect.key).moves = True
        else:
            self.made.lost.append(defect)

    def _log(self, key: str) -> LogTask:
        task = self.made.logs.setdefault(key, LogTask(key))
        task.head = self.judged.heads.get(key, 0)
        return task
