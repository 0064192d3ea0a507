"""Lets known findings pass, for a reason and until a day."""

import datetime as dt
import re
from collections.abc import Sequence
from fnmatch import fnmatchcase

import msgspec

from infra.policy.model import Finding

__all__ = ["Suppression", "suppress"]

_RULE = re.compile(r"DEP\d{3}")
_ABOUT = "DEP000"


class Suppression(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is let pass.

    Attributes:
        rule: id of the policy, such as ``DEP001``.
        resource: name or URN of the resource; ``*``, ``?`` and ``[…]`` as in file names.
        reason: why; shown in every review.
        until: the last day on which it holds (ISO 8601, such as ``2027-01-31``).

    Raises:
        ValueError: one of them is missing or is none.

    """

    rule: str
    resource: str
    reason: str
    until: str

    def __post_init__(self) -> None:
        if not _RULE.fullmatch(self.rule) or self.rule == _ABOUT:
            raise ValueError(f"rule {self.rule!r} is no policy: it must be DEP and three digits")
        if not self.resource.strip():
            raise ValueError(f"the suppression of {self.rule} must name a resource")
        if not self.reason.strip():
            raise ValueError(f"the suppression of {self.rule} must give a reason")
        try:
            self.day  # noqa: B018 - parses it
        except ValueError as error:
            raise ValueError(
                f"the suppression of {self.rule} must end on a day such as 2027-01-31, "
                f"not {self.until!r}"
            ) from error

    @property
    def day(self) -> dt.date:
        """Return the last day on which it holds."""
        return dt.date.fromisoformat(self.until)

    def covers(self, finding: Finding) -> bool:
        """Return whether a finding is meant, whatever day it is."""
        return self.rule == finding.rule and any(
            text == self.resource or fnmatchcase(text, self.resource)
            for text in (finding.name, finding.urn)
        )


def suppress(
    findings: Sequence[Finding], suppressions: Sequence[Suppression], *, today: dt.date
) -> list[Finding]:
    """Return findings with what is let pass marked so, and one more for each idle suppression.

    A suppression that has ended lets nothing pass and is told (medium); one that no finding needs
    is told, too (low), so that it does not wait for a mistake to cover.
    """
    live = [each for each in suppressions if each.day >= today]
    found = [_marked(each, live) for each in findings]
    for each in suppressions:
        if each.day < today:
            found.append(_told(each, "medium", f"ended on {each.until}: it lets nothing pass"))
        elif not any(each.covers(one) for one in findings):
            found.append(_told(each, "low", "is not needed: nothing was found that it covers"))
    return found


def _marked(finding: Finding, live: Sequence[Suppression]) -> Finding:
    covering = [each for each in live if each.covers(finding)]
    if not covering:
        return finding
    longest = max(covering, key=lambda each: each.day)
    return msgspec.structs.replace(finding, suppressed=longest.reason, until=longest.until)


def _told(suppression: Suppression, severity: str, what: str) -> Finding:
    return Finding(
        rule=_ABOUT,
        title="Suppressions are in use and in force",
        severity=severity,
        message=f"the suppression of {suppression.rule} for {suppression.resource} {what}",
        mend="Mend what it covered and take it out, or give a new reason and end date.",
        urn="",
        type="",
        name=suppression.resource,
    )
