"""The verdict: what the gate found, short enough to be kept in every alias record.

The document is stored as canonical JSON and signed with the record. It is evidence for people: a
reader that follows an alias needs nothing of it, so later versions may add to it.
"""

from typing import Any, Literal

import msgspec

from deployer import typed

__all__ = [
    "MAX_BYTES",
    "Basis",
    "Compared",
    "RuleOutcome",
    "Verdict",
    "read_verdict",
    "to_document",
    "unjudged",
]

MAX_BYTES = 4096

Basis = Literal["data", "recorded", "none"]


class RuleOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """One rule, in words: what was required and what was seen."""

    name: str
    required: str
    seen: str
    passed: bool


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """The candidate against the champion, on the same rows.

    Attributes:
        version: the champion's number; `manifest` its digest.
        metric: what was compared.
        value: how much better the candidate is; below 0 it is worse. In the metric's unit.
        low: lower end of the two-sided interval of that; `high` the upper one.
        confidence: of the interval.

    """

    version: int
    manifest: str
    metric: str
    value: float
    low: float
    high: float
    confidence: float


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What the gate found of one version.

    Attributes:
        passed: whether every rule holds.
        forced: the alias was moved without that; `reason` says why, in the words of whoever did.
        rules: one by one.
        more: rules that passed and are left out here, for the length.
        basis: what the minimums were held against: labelled rows (``data``), or the metrics
            ``recorded`` when the model was trained; ``none`` if nobody judged.
        rows: that decided.
        excluded: rows left out since one of the models was fitted on them; None if that is not
            known.
        data: hex SHA-256 of the file with the rows.
        champion: what it was compared with, if it was.
        seed: of the bootstrap; likewise `resamples`.

    """

    passed: bool
    forced: bool = False
    reason: str = ""
    rules: tuple[RuleOutcome, ...] = ()
    more: int = 0
    basis: Basis = "none"
    rows: int = 0
    excluded: int | None = None
    data: str | None = None
    champion: Compared | None = None
    seed: int = 0
    resamples: int = 0

    @property
    def failed(self) -> list[RuleOutcome]:
        """The rules that do not hold."""
        return [rule for rule in self.rules if not rule.passed]

    @property
    def summary(self) -> str:
        """A few words: passed, refused or forced."""
        if self.forced:
            return f"forced: {self.reason}"
        return "passed" if self.passed else "refused"


def unjudged(reason: str) -> Verdict:
    """Return the verdict of a move that was forced without asking the gate."""
    return Verdict(passed=False, forced=True, reason=reason)


def to_document(verdict: Verdict) -> dict[str, Any]:
    """Return the verdict as the alias record keeps it: at most MAX_BYTES of JSON.

    If need be rules are left out from the end, those that passed first, and counted.
    """
    while len(msgspec.json.encode(verdict)) > MAX_BYTES and verdict.rules:
        last = max(range(len(verdict.rules)), key=lambda i: (verdict.rules[i].passed, i))
        rules = verdict.rules[:last] + verdict.rules[last + 1 :]
        verdict = msgspec.structs.replace(verdict, rules=rules, more=verdict.more + 1)
    found: dict[str, Any] = typed.decode(msgspec.json.encode(verdict), dict)
    return found


def read_verdict(document: dict[str, Any] | None) -> Verdict | None:
    """Return the verdict in an alias record; None if it has none that this program understands."""
    if document is None:
        return None
    try:
        return msgspec.convert(document, Verdict)
    except msgspec.ValidationError:
        return None
