"""Is everything there, and is it what it was? Every object of every cloud, read and hashed."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from deployer.errors import ExitCode
from deployer.registry.cloud import Cloud
from deployer.registry.format import layout
from deployer.registry.format.keys import Kind, place_of
from deployer.registry.format.names import Reference
from deployer.registry.format.records import AliasRecord, VersionRecord
from deployer.upkeep.catalog import Scan, Survey
from deployer.upkeep.identity import Identity, identify
from deployer.upkeep.inspect import CheckSignature, Watcher, survey
from deployer.upkeep.judge import Defect, Judged, KeepOut, Problem, anywhere, judge
from deployer.upkeep.truth import Log, Truth, conclude

__all__ = ["Cell", "Row", "Verified", "verify"]


class Cell(NamedTuple):
    """How one cloud stands to one version or alias.

    Attributes:
        state: ``ok``, a :class:`Problem`, or ``kept out``.
        objects: number of those that are damaged or missing, where the version itself is there.

    """

    state: str
    objects: int = 0


class Row(NamedTuple):
    """A version or an alias, and how each cloud stands to it; by cloud name."""

    name: str
    cells: dict[str, Cell]


@dataclass(frozen=True)
class Verified:
    """What came of looking.

    Attributes:
        clouds: names of all clouds, in the order in which they were given.
        judged: by name, of those that could be looked at.

    """

    clouds: tuple[str, ...]
    survey: Survey
    identity: Identity
    truth: Truth
    judged: Mapping[str, Judged]

    @property
    def defects(self) -> list[Defect]:
        """All that is wrong, the worst first."""
        found = [each for judged in self.judged.values() for each in judged.defects.values()]
        for name, error in self.survey.failed.items():
            hint = error.hint or "repeat the command when it answers"
            found.append(Defect(name, "", Problem.UNREACHABLE, error.message, hint))
        order = list(_SEVERITY)
        return sorted(found, key=lambda each: (order.index(each.problem), each.cloud, each.key))

    @property
    def code(self) -> ExitCode:
        """What the process shall return."""
        problems = {defect.problem for defect in self.defects}
        return next((code for each, code in _SEVERITY.items() if each in problems), ExitCode.OK)

    @property
    def sizes(self) -> dict[str, tuple[int, int]]:
        """Objects looked at on each cloud, and their bytes."""
        return {
            name: (len(scan.held), sum(held.size for held in scan.held.values()))
            for name, scan in self.survey.scans.items()
        }

    def rows(self) -> Iterator[Row]:
        """Yield the versions and aliases, ordered by model; versions before aliases."""
        named: list[tuple[str, int, int, str, str]] = []
        records = {*self.truth.versions, *self.truth.taken_back}
        for judged in self.judged.values():
            records |= judged.defects.keys()
        for key in records:
            place = place_of(key)
            if place is not None and place.kind == Kind.VERSION and self._is_shown(key):
                named.append((place.model, 0, place.number, "", key))
        for key, log in self.truth.logs.items():
            named.append((log.model, 1, 0, log.alias, key))
        entries = {name: _entry_defects(judged) for name, judged in self.judged.items()}
        for model, is_alias, number, alias, key in sorted(named):
            if is_alias:
                log = self.truth.logs[key]
                cells = {n: self._alias_cell(n, log, entries.get(n, {})) for n in self.clouds}
                yield Row(f"{model}@{alias}", cells)
            else:
                cells = {n: self._version_cell(n, key) for n in self.clouds}
                yield Row(f"{model}:{number}", cells)

    def _is_shown(self, key: str) -> bool:
        """Leave versions out that were deleted everywhere."""
        taken_back = key in self.truth.taken_back
        return not taken_back or any(key in each.defects for each in self.judged.values())

    def _outside(self, name: str) -> Cell | None:
        if name not in self.judged:
            return Cell(Problem.UNREACHABLE)
        return Cell(Problem.DIVERGED) if name in self.identity.foreign else None

    def _version_cell(self, name: str, key: str) -> Cell:
        outside = self._outside(name)
        if outside is not None:
            return outside
        judged = self.judged[name]
        if key in judged.kept_out:
            return Cell("kept out")
        if key in judged.defects:
            return Cell(judged.defects[key].problem)
        sha256 = self.truth.versions.get(key)
        if sha256 is None:
            return Cell("ok")  # deleted here, and yet to be deleted elsewhere
        record = self.survey.catalog.records[sha256]
        assert isinstance(record, VersionRecord)  # noqa: S101 - what these keys hold
        return self._content_cell(judged, record.manifest)

    def _content_cell(self, judged: Judged, manifest: str) -> Cell:
        keys = []
        if layout.manifest(manifest) in judged.defects:
            keys.append(layout.manifest(manifest))
        contents = self.survey.catalog.manifests.get(manifest)
        if contents is not None and judged.bad_blobs:
            bad = judged.bad_blobs.intersection(contents.blobs)
            keys += [layout.blob(self.survey.catalog.blobs[number][0]) for number in bad]
        return _worst([judged.defects[key].problem for key in keys])

    def _alias_cell(self, name: str, log: Log, entries: Mapping[str, Sequence[Problem]]) -> Cell:
        outside = self._outside(name)
        if outside is not None:
            return outside
        judged = self.judged[name]
        if log.key in judged.defects:
            return Cell(judged.defects[log.key].problem)
        found = _worst(entries.get(log.key, ()))
        last = log.entries[-1] if log.entries else None
        if found.state != "ok" or last is None or judged.heads[log.key] == len(log.entries):
            return found
        record = self.survey.catalog.records[last]
        assert isinstance(record, AliasRecord)  # noqa: S101 - what these keys hold
        held_back = layout.version(record.model, record.version) in judged.kept_out
        return Cell("kept out") if held_back else found


_SEVERITY = {
    Problem.DAMAGED: ExitCode.INTEGRITY,
    Problem.DIVERGED: ExitCode.INTEGRITY,
    Problem.UNREACHABLE: ExitCode.UNAVAILABLE,
    Problem.MISSING: ExitCode.PARTIAL,
    Problem.BEHIND: ExitCode.PARTIAL,
    Problem.STRANGE: ExitCode.OK,
}


def _worst(problems: Sequence[Problem]) -> Cell:
    if not problems:
        return Cell("ok")
    counted = Counter(problems)
    worst = min(counted, key=list(_SEVERITY).index)
    return Cell(worst, counted[worst])


def _entry_defects(judged: Judged) -> dict[str, list[Problem]]:
    """Return what is wrong with entries of logs, by the key of the alias."""
    found: dict[str, list[Problem]] = {}
    for key, defect in judged.defects.items():
        place = place_of(key)
        if place is not None and place.kind == Kind.ENTRY:
            found.setdefault(layout.alias(place.model, place.name), []).append(defect.problem)
    return found


def verify(
    clouds: Sequence[Cloud],
    *,
    watcher: Watcher,
    references: Sequence[Reference] = (),
    quick: bool = False,
    complete: bool = False,
    keep_out: KeepOut = anywhere,
    check_signature: CheckSignature | None = None,
) -> Verified:
    """Look at all that `clouds` hold, and hold them against each other.

    Args:
        clouds: where to look.
        watcher: told how far it is.
        references: look at these versions alone.
        quick: compare sizes and recorded digests of contents; else every byte is read.
        complete: whether `clouds` are all that there are.
        keep_out: says why a cloud must not have a version.
        check_signature: says what is wrong with a version's signature.

    Raises:
        MissingError: no cloud has a version that is named.

    """
    found = survey(
        clouds,
        references=references,
        quick=quick,
        watcher=watcher,
        check_signature=check_signature,
    )
    identity, truth = _conclude(found, complete=complete)
    judged = judge(found, truth, identity, keep_out=keep_out)
    return Verified(tuple(cloud.name for cloud in clouds), found, identity, truth, judged)


def _conclude(found: Survey, *, complete: bool) -> tuple[Identity, Truth]:
    """Return who the clouds are and what they agree on."""
    scans: list[Scan] = list(found.scans.values())
    identity = identify(scans, complete=complete and not found.failed)
    ours = [scan for scan in scans if scan.cloud.name not in identity.apart]
    return identity, conclude(ours, found.catalog, identity.home)
