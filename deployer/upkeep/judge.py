"""What is wrong with each cloud, held against what all of them should have."""

from array import array
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from deployer.registry.cloud import Cloud
from deployer.registry.format import layout
from deployer.registry.format.keys import Kind, place_of
from deployer.registry.format.records import AliasRecord, VersionRecord
from deployer.upkeep.catalog import Catalog, Contents, Scan, Survey
from deployer.upkeep.identity import Identity
from deployer.upkeep.truth import Log, Truth

__all__ = ["Defect", "Judged", "KeepOut", "Problem", "anywhere", "judge"]

KeepOut = Callable[[Cloud, Sequence[str]], str]
"""``(cloud, residency)`` → why the cloud must not have a version bound to it, or ""."""


def anywhere(cloud: Cloud, residency: Sequence[str]) -> str:
    """Forbid nothing."""
    return ""


class Problem(StrEnum):
    """What can be wrong with an object; of `STRANGE` it is not known whether it is wrong."""

    MISSING = "missing"
    DAMAGED = "damaged"
    DIVERGED = "diverged"
    BEHIND = "behind"
    STRANGE = "strange"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True)
class Defect:
    """One thing that is wrong.

    Attributes:
        key: the object; empty where it is the cloud as a whole.
        detail: what is wrong with it.
        hint: what to do.

    """

    cloud: str
    key: str
    problem: Problem
    detail: str = ""
    hint: str = ""


@dataclass
class Judged:
    """One cloud: what it should hold, and what is wrong with it.

    Attributes:
        versions: keys of the versions that it should have.
        kept_out: key of a version → why the cloud must not have it.
        heads: key of an alias → number of the log entry that it should be a copy of.
        defects: by key.
        bad_blobs: numbers of contents that it needs and does not have whole.

    """

    scan: Scan
    versions: list[str] = field(default_factory=list)
    kept_out: dict[str, str] = field(default_factory=dict)
    heads: dict[str, int] = field(default_factory=dict)
    defects: dict[str, Defect] = field(default_factory=dict)
    bad_blobs: set[int] = field(default_factory=set)

    def add(self, key: str, problem: Problem, detail: str = "", hint: str = "") -> None:
        """Note a defect, unless the object has one already."""
        if key not in self.defects:
            self.defects[key] = Defect(self.scan.cloud.name, key, problem, detail, hint)


def judge(
    survey: Survey, truth: Truth, identity: Identity, *, keep_out: KeepOut = anywhere
) -> dict[str, Judged]:
    """Return what is wrong with each cloud that could be looked at; by its name."""
    return {
        name: _Judge(survey, truth, identity, scan, keep_out).judge()
        for name, scan in survey.scans.items()
    }


class _Judge:
    def __init__(
        self, survey: Survey, truth: Truth, identity: Identity, scan: Scan, keep_out: KeepOut
    ) -> None:
        self.survey = survey
        self.catalog: Catalog = survey.catalog
        self.truth = truth
        self.identity = identity
        self.scan = scan
        self.keep_out = keep_out
        self.name = scan.cloud.name
        self.judged = Judged(scan)
        self.verdicts: dict[tuple[str, ...], str] = {}
        lone = len(survey.scans) + len(survey.failed) < 2  # noqa: PLR2004 - nobody to repair from
        self.hint = "compare it with the other clouds: deployer verify --all-clouds"
        if not lone:
            self.hint = "deployer repair"

    def judge(self) -> Judged:
        self._marker()
        if self.name in self.identity.foreign:
            return self.judged
        for key, detail in self.scan.badly_signed.items():
            hint = "do not use it; publish it again, signed by somebody who is trusted"
            self.judged.add(key, Problem.DAMAGED, detail, hint)
        for key, held in self.scan.held.items():
            if held.problem and key != layout.MARKER:
                self.judged.add(key, Problem.DAMAGED, held.problem, self.hint)
        if self.name in self.identity.apart:
            self._own_history()
        self._records()
        manifests = self._manifests()
        self._blobs(manifests)
        for log in self.truth.logs.values():
            self._log(log)
        for key in self.scan.strange:
            hint = "remove it, if nobody needs it"
            self.judged.add(key, Problem.STRANGE, "nothing of deployer's", hint)
        return self.judged

    def _marker(self) -> None:
        standing = self.identity.standings[self.name]
        problem = {
            "missing": Problem.MISSING,
            "damaged": Problem.DAMAGED,
            "behind": Problem.BEHIND,
            "replaced": Problem.BEHIND,
            "foreign": Problem.DIVERGED,
            "unproven": Problem.STRANGE,
        }.get(standing.state)
        if problem is not None:
            self.judged.add(layout.MARKER, problem, standing.detail, standing.hint or self.hint)

    def _own_history(self) -> None:
        """Note what a home that was replaced has, and the others have not, or not so."""
        hint = f"deployer home reconcile {self.name}"
        right = {**self.truth.versions, **self.truth.deletions}
        for log in self.truth.logs.values():
            right.update((log.entry_key(n), each) for n, each in enumerate(log.entries, 1) if each)
        for key, held in self.scan.held.items():
            place = place_of(key)
            recorded = place is not None and place.kind in _HISTORY
            if recorded and not held.problem and right.get(key) != held.digest:
                detail = "the home that replaced it has another one" if key in right else ""
                self.judged.add(key, Problem.DIVERGED, detail or "no other cloud has it", hint)

    # Versions and what they are made of

    def _records(self) -> None:
        for (cloud, key), (kind, detail) in self.truth.wrong.items():
            if cloud == self.name:
                diverged = f"nothing was overwritten; see: deployer home reconcile {self.name}"
                hint = diverged if kind == "diverged" else self.hint
                self.judged.add(key, Problem(kind), detail, hint)
        for key, sha256 in self.truth.versions.items():
            reason = self._reason_to_keep_out(sha256)
            if reason:
                self.judged.kept_out[key] = reason
                continue
            self.judged.versions.append(key)
            if key not in self.scan.held:
                self.judged.add(key, Problem.MISSING, "the version is not there", self.hint)
        for key in self.truth.deletions:
            if key not in self.scan.held:
                detail = "nothing says that the version was deleted"
                self.judged.add(key, Problem.MISSING, detail, self.hint)
        for key in self.truth.taken_back & self.scan.held.keys():
            place = place_of(key)
            assert place is not None  # noqa: S101 - only such keys are kept
            self.judged.add(
                key,
                Problem.BEHIND,
                "the version was deleted, but is still there",
                f"repeat: deployer delete {place.model}:{place.number}",
            )
        if self.survey.whole:
            self._gaps()

    def _gaps(self) -> None:
        """Note numbers below the last one that are neither a version nor a deleted one."""
        numbers: dict[str, set[int]] = {}
        for key in (*self.truth.versions, *self.truth.deletions, *self.scan.held):
            place = place_of(key)
            if place is not None and place.kind in (Kind.VERSION, Kind.DELETION):
                numbers.setdefault(place.model, set()).add(place.number)
        at_home = (
            self.identity.home in (None, self.name) or self.identity.home in self.survey.failed
        )
        for model, found in numbers.items() if at_home else ():
            for number in sorted(set(range(1, max(found))) - found):
                self.judged.add(
                    layout.version(model, number),
                    Problem.MISSING,
                    "there is no such version, and nothing says that it was deleted",
                    "look for it on the other clouds: deployer repair",
                )

    def _reason_to_keep_out(self, sha256: str) -> str:
        contents = self.catalog.manifests.get(self._manifest_of(sha256))
        if contents is None or not contents.residency:
            return ""
        if contents.residency not in self.verdicts:
            verdict = self.keep_out(self.scan.cloud, contents.residency)
            self.verdicts[contents.residency] = verdict
        return self.verdicts[contents.residency]

    def _manifest_of(self, sha256: str) -> str:
        record = self.catalog.records[sha256]
        assert isinstance(record, VersionRecord)  # noqa: S101 - what these keys hold
        return record.manifest

    def _manifests(self) -> set[str]:
        """Check the manifests of the versions; return their digests."""
        digests = {self._manifest_of(self.truth.versions[key]) for key in self.judged.versions}
        if not self.survey.whole:
            # Those that were named by their digest alone.
            kept_out = {self._manifest_of(self.truth.versions[k]) for k in self.judged.kept_out}
            digests |= self.catalog.manifests.keys() - kept_out
        for digest in digests:
            key = layout.manifest(digest)
            if key not in self.scan.held:
                self.judged.add(key, Problem.MISSING, "a version names it", self.hint)
        return digests

    def _blobs(self, manifests: Iterable[str]) -> None:
        needed: set[int] = set()
        for digest in manifests:
            needed.update(self._contents(digest).blobs)
        for number in needed:
            sha256, size = self.catalog.blobs[number]
            if self.scan.has_blob(sha256, size):
                continue
            self.judged.bad_blobs.add(number)
            held = self.scan.held.get(layout.blob(sha256))
            if held is None:
                self.judged.add(layout.blob(sha256), Problem.MISSING, "a version has it", self.hint)
            else:
                detail = held.problem or f"{held.size} bytes instead of {size}"
                self.judged.add(layout.blob(sha256), Problem.DAMAGED, detail, self.hint)

    def _contents(self, digest: str) -> Contents:
        return self.catalog.manifests.get(digest) or _NOTHING

    # Aliases

    def _log(self, log: Log) -> None:
        head = self._head(log)
        self.judged.heads[log.key] = head
        for seq in range(1, head + 1):
            if log.entry_key(seq) not in self.scan.held:
                detail = f"entry {seq} of the history of {log.model}@{log.alias}"
                self.judged.add(log.entry_key(seq), Problem.MISSING, detail, self.hint)
        held = self.scan.held.get(log.key)
        if held is None:
            if head:
                self.judged.add(log.key, Problem.MISSING, "its log is there", self.hint)
            return
        if held.problem or log.key in self.judged.defects:
            return
        record = self.catalog.records[held.digest]
        assert isinstance(record, AliasRecord)  # noqa: S101 - what these keys hold
        if record.seq < head:
            detail = f"it is at move {record.seq} of {head}"
            self.judged.add(log.key, Problem.BEHIND, detail, self.hint)
        if not record.removed:
            self._target(record)

    def _target(self, record: AliasRecord) -> None:
        """Note if an alias points at what is not there."""
        key = layout.version(record.model, record.version)
        held = self.scan.held.get(key)
        if held is None:
            self.judged.add(key, Problem.MISSING, f"{record.alias} names it", self.hint)
        elif not held.problem and self._manifest_of(held.digest) != record.manifest:
            detail = f"{record.alias} names another manifest: {record.manifest}"
            self.judged.add(key, Problem.DAMAGED, detail, self.hint)

    def _head(self, log: Log) -> int:
        """Return the last entry that the alias can follow on this cloud."""
        if self.name == self.identity.home:
            return len(log.entries)  # whatever its log says has to happen
        for seq in range(log.followed, 0, -1):
            digest = log.entries[seq - 1]
            if digest is None:
                continue
            record = self.catalog.records[digest]
            assert isinstance(record, AliasRecord)  # noqa: S101 - what these keys hold
            key = layout.version(record.model, record.version)
            if record.removed or (key in self.truth.versions and key not in self.judged.kept_out):
                return seq
            if not self.survey.whole and key not in self.judged.kept_out:
                return seq
        return 0


_HISTORY = frozenset({Kind.VERSION, Kind.DELETION, Kind.ENTRY})
_NOTHING = Contents(array("I"), ())
