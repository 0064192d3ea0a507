"""What the engine's policies say: a refusal in one line, and advice."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from deployer.errors import PolicyError
from infra.policy.catalog import RULES

if TYPE_CHECKING:
    from pulumi.automation.events import PolicyEvent

__all__ = ["PACK", "PolicyWord", "advice", "refusal", "word_of"]

PACK = Path(__file__).parents[2] / "infra" / "policy" / "pack"
"""The folder of our policies, as the engine loads them."""

_MENDS: Mapping[str, str] = {each.id: each.mend for each in RULES}
_NAMED = 6
"""So many more refusals are named in one line."""


class PolicyWord(NamedTuple):
    """What one policy says of one resource.

    Attributes:
        rule: the policy's name, such as ``DEP036``.
        resource: its name in the program; that of the stack if it is about all of it.
        message: what is wrong, in one line.
        mend: what to do; "" if the policy is not ours and does not say.
        refuses: whether it is mandatory.

    """

    rule: str
    resource: str
    message: str
    mend: str
    refuses: bool


def word_of(event: "PolicyEvent", text: str) -> PolicyWord:
    """Return what an event says.

    Args:
        event: the engine's.
        text: its message without markup: the policy's description, and below it what was found.

    """
    lines = [" ".join(line.split()) for line in text.splitlines() if line.strip()]
    said = " ".join(lines[1:] or lines)
    mend = _MENDS.get(event.policy_name, "")
    if mend:
        said = said.removesuffix(mend).rstrip(" .")
    return PolicyWord(
        rule=event.policy_name,
        resource=(event.resource_urn or "").rpartition("::")[2],
        message=said,
        mend=mend,
        refuses=event.enforcement_level == "mandatory",
    )


def refusal(words: Sequence[PolicyWord], *, cloud: str, made: bool) -> PolicyError:
    """Return the error for a stack that mandatory policies refuse.

    Args:
        words: of those policies, at least one.
        cloud: whose stack.
        made: whether resources were made before the policies knew enough to refuse.

    """
    first, *others = words
    more = ""
    if others:
        named = list(dict.fromkeys(f"{each.rule} {each.resource}" for each in others))
        left = len(named) - _NAMED
        tail = f" and {left} more" if left > 0 else ""
        more = f" (also: {', '.join(named[:_NAMED])}{tail})"
    mend = first.mend.rstrip(".") or "mend it as the policy says"
    kept = "what was made is kept; " if made else ""
    return PolicyError(
        f"{first.rule} refuses {first.resource}: {first.message}{more}",
        where=cloud,
        hint=f"{kept}{mend}; or let it pass for a time with [[infra.suppress]]",
    )


def advice(words: Sequence[PolicyWord]) -> list[str]:
    """Return what the other policies say: a line for each thing, with all its resources."""
    found: dict[str, list[str]] = {}
    for each in words:
        found.setdefault(f"{each.rule}: {each.message}", []).append(each.resource)
    return [f"{said}; {', '.join(names)}" for said, names in found.items()]
