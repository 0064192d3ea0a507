"""What every cloud should hold, concluded from what all of them do."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from deployer.registry.format import layout
from deployer.registry.format.keys import Kind, place_of
from deployer.registry.format.records import AliasRecord, Deletion
from deployer.upkeep.agree import Choice, Variant, choose
from deployer.upkeep.catalog import Catalog, Scan

__all__ = ["Log", "Truth", "conclude"]

Wrong = Literal["damaged", "diverged"]


@dataclass
class Log:
    """An alias and its history.

    Attributes:
        entries: digest of each entry from the first; None for one that is lost.
        followed: the last entry that the alias at home has followed. A later one belongs to a
            move that may yet be taken back, so nobody else follows it.
        forked: whether its end is disputed: clouds have different entries, and none counts.

    """

    model: str
    alias: str
    entries: list[str | None] = field(default_factory=list)
    followed: int = 0
    forked: bool = False

    @property
    def key(self) -> str:
        """The alias's."""
        return layout.alias(self.model, self.alias)

    def entry_key(self, seq: int) -> str:
        """Return the key of an entry."""
        return layout.alias_log(self.model, self.alias, seq)


@dataclass
class Truth:
    """What the clouds agree on.

    Attributes:
        versions: key → digest of the record, of versions that were not taken back.
        deletions: key → digest of the record.
        taken_back: keys of versions that were.
        logs: by key of the alias.
        wrong: (cloud, key) → why a record there that can be read is not the right one.

    """

    versions: dict[str, str] = field(default_factory=dict)
    deletions: dict[str, str] = field(default_factory=dict)
    taken_back: set[str] = field(default_factory=set)
    logs: dict[str, Log] = field(default_factory=dict)
    wrong: dict[tuple[str, str], tuple[Wrong, str]] = field(default_factory=dict)


def conclude(scans: Sequence[Scan], catalog: Catalog, home: str | None) -> Truth:
    """Return what `scans` agree on; where they do not, what the cloud `home` has counts."""
    return _Conclusion(scans, catalog, home).draw()


class _Conclusion:
    def __init__(self, scans: Sequence[Scan], catalog: Catalog, home: str | None) -> None:
        self.scans = scans
        self.catalog = catalog
        self.home = home
        self.truth = Truth()
        self.keys: dict[Kind, set[str]] = {kind: set() for kind in Kind}
        self.last: dict[tuple[str, str], int] = {}
        for key in {key for scan in scans for key in scan.held}:
            place = place_of(key)
            assert place is not None  # noqa: S101 - only such keys are kept
            self.keys[place.kind].add(key)
            if place.kind in (Kind.ALIAS, Kind.ENTRY):
                alias = (place.model, place.name)
                self.last[alias] = max(self.last.get(alias, 0), place.number)

    def draw(self) -> Truth:
        truth = self.truth
        for key in sorted(self.keys[Kind.DELETION]):
            # Whoever claims a deletion may yet withdraw it.
            self._settle(key, truth.deletions, [v for v in self._variants(key) if _is_final(v)])
        for sha256 in truth.deletions.values():
            deletion = self.catalog.records[sha256]
            assert isinstance(deletion, Deletion)  # noqa: S101 - what these keys hold
            truth.taken_back.add(layout.version(deletion.model, deletion.version))
        for key in sorted(self.keys[Kind.VERSION] - truth.taken_back):
            self._settle(key, truth.versions, self._variants(key))
        for (model, alias), last in sorted(self.last.items()):
            log = Log(model, alias)
            truth.logs[log.key] = log
            self._follow(log, last)
        return truth

    def _settle(self, key: str, into: dict[str, str], variants: Sequence[Variant]) -> None:
        choice = choose(variants, self.home)
        if choice.right is not None:
            into[key] = choice.right
        self._note(key, choice)

    def _note(self, key: str, choice: Choice) -> None:
        for scan in self.scans:
            held = scan.held.get(key)
            if held is None or held.problem:
                continue
            if held.digest in choice.damaged:
                self._blame(scan, key, "damaged", "it differs from the other clouds' copies")
            elif held.digest in choice.diverged:
                self._blame(scan, key, "diverged", self._difference(key, held.digest, choice))

    def _blame(self, scan: Scan, key: str, kind: Wrong, detail: str) -> None:
        self.truth.wrong[scan.cloud.name, key] = (kind, detail)

    def _difference(self, key: str, sha256: str, choice: Choice) -> str:
        own = self.catalog.records[sha256]
        if choice.right is None:
            return f"the clouds have records of several acts; here by {own.by}, txn {own.txn}"
        right = self.catalog.records[choice.right]
        return f"written by {own.by}, txn {own.txn}; the others' is by {right.by}, txn {right.txn}"

    def _variants(
        self, key: str, supported: Callable[[str], bool] = lambda _: False
    ) -> list[Variant]:
        """Return the records under `key` that can be read."""
        found: dict[str, Variant] = {}
        for scan in self.scans:
            held = scan.held.get(key)
            if held is None or held.problem:
                continue
            known = found.get(held.digest)
            found[held.digest] = Variant(
                held.digest,
                self.catalog.records[held.digest],
                (*(known.clouds if known else ()), scan.cloud.name),
                held.witnessed or bool(known and known.witnessed),
                supported(held.digest),
            )
        return list(found.values())

    # Histories of aliases

    def _heads(self, log: Log) -> dict[int, list[Variant]]:
        """Return the alias's records, by the entry that each is a copy of."""
        heads: dict[int, list[Variant]] = {}
        for variant in self._variants(log.key):
            heads.setdefault(self._entry(variant.digest).seq, []).append(variant)
        return heads

    def _entry(self, sha256: str) -> AliasRecord:
        record = self.catalog.records[sha256]
        assert isinstance(record, AliasRecord)  # noqa: S101 - what these keys hold
        return record

    def _follow(self, log: Log, last: int) -> None:
        """Walk along the chain from its first entry, and note what does not belong to it."""
        heads = self._heads(log)
        for seq in range(1, max(last, *heads, 0) + 1 if heads else last + 1):
            self._step(log, seq, heads)
            if log.forked:
                break
        while log.entries and log.entries[-1] is None:
            log.entries.pop()  # nobody knows that it ever was
        log.followed = len(log.entries)
        for scan in self.scans:
            self._judge_head(log, scan)

    def _step(self, log: Log, seq: int, heads: Mapping[int, Sequence[Variant]]) -> None:
        key = log.entry_key(seq)
        after = [*self._variants(log.entry_key(seq + 1)), *heads.get(seq + 1, ())]
        named = {self._entry(each.digest).prev for each in after}
        copies = {each.digest: each for each in heads.get(seq, ())}
        variants = self._variants(key, lambda sha256: sha256 in named or sha256 in copies)
        before = log.entries[-1] if log.entries else None
        known = {each.digest for each in variants}
        fitting = [each for each in variants if self._fits(each, seq, before)]
        # An alias is a copy of its entry: where that is lost, the copy can take its place.
        fitting += [
            each._replace(clouds=(), supported=sha256 in named)
            for sha256, each in copies.items()
            if sha256 not in known and self._fits(each, seq, before)
            if seq == 1 or before is not None or each.witnessed
        ]
        sure = [each for each in fitting if each.supported or each.witnessed or not named]
        choice = choose(sure, self.home)
        stray = [each for each in variants if each not in sure]
        # A history of its own was written as it is; anything else was damaged since.
        apart = choice.right is not None and len(self.scans) > 1
        torn = frozenset(each.digest for each in stray if each.witnessed and apart)
        lost = frozenset(each.digest for each in stray) - torn
        self._note(key, Choice(choice.right, choice.damaged | lost, choice.diverged | torn))
        log.forked = choice.right is None and bool(choice.diverged)
        if not log.forked:
            log.entries.append(choice.right)

    def _fits(self, variant: Variant, seq: int, before: str | None) -> bool:
        prev = self._entry(variant.digest).prev
        if seq == 1:
            return prev is None
        return before is None or prev == before

    def _judge_head(self, log: Log, scan: Scan) -> None:
        """Note if an alias is not the entry of its log that it claims to be."""
        held = scan.held.get(log.key)
        if held is None or held.problem:
            return
        seq = self._entry(held.digest).seq
        if scan.cloud.name == self.home and seq <= len(log.entries):
            log.followed = seq
        expected = log.entries[seq - 1] if seq <= len(log.entries) else None
        if expected == held.digest or (expected is None and log.forked):
            return
        if held.witnessed and expected is not None:
            own, right = self._entry(held.digest), self._entry(expected)
            if own.txn != right.txn:
                detail = f"it follows another history: by {own.by}, txn {own.txn}"
                self._blame(scan, log.key, "diverged", detail)
                return
        if scan.cloud.name == self.home:
            log.followed = len(log.entries)
        self._blame(scan, log.key, "damaged", "it is not an entry of its log")


def _is_final(variant: Variant) -> bool:
    return isinstance(variant.record, Deletion) and not variant.record.claim
