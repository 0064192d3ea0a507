"""What a policy is, and what it finds."""

from collections.abc import Callable, Iterator
from enum import IntEnum
from typing import NamedTuple

import msgspec

from infra.resources import Place, Program, Resource

__all__ = ["Demands", "Finding", "Problem", "Rule", "Severity"]


class Severity(IntEnum):
    """How bad it is; `HIGH` and worse fail a review (exit code 5)."""

    LOW = 1
    MEDIUM = 2
    HIGH = 3
    CRITICAL = 4


class Demands(msgspec.Struct, frozen=True):
    """What the user asks beyond the built-in rules.

    Attributes:
        residency: regions or jurisdictions (as ``[models.NAME] residency`` has them) that
            resources may be in; empty: anywhere.
        tags: keys that every resource that can be tagged must carry.
        object_lock: whether buckets must have object lock.
        replication: whether buckets must be replicated by their own cloud.
        public: whether endpoints may be reached from the internet (they always ask for a key).

    """

    residency: tuple[str, ...] = ()
    tags: tuple[str, ...] = ("owner", "model", "residency")
    object_lock: bool = False
    replication: bool = False
    public: bool = True


class Problem(NamedTuple):
    """One thing wrong with one resource.

    Attributes:
        resource: which.
        message: what is wrong, in one line; never with a secret in it.
        property: path of the input at fault, such as ``ingress[0].cidrBlocks``; "" if one is
            missing as a whole.

    """

    resource: Resource
    message: str
    property: str = ""


class Rule(NamedTuple):
    """One policy.

    Attributes:
        id: ``DEP`` and three digits; never reused.
        title: what it demands, in a few words.
        severity: of what it finds.
        mend: what to do, in one line.
        public: ids that stand for the same elsewhere, such as ``CKV_AWS_21``.
        check: yields what is wrong; must not raise for any inputs a program can give, and takes
            what is not known yet (`infra.resources.COMPUTED`) for granted.

    """

    id: str
    title: str
    severity: Severity
    mend: str
    public: tuple[str, ...]
    check: Callable[[Program, Demands], Iterator[Problem]]


class Finding(msgspec.Struct, frozen=True, omit_defaults=True):
    """A problem as it is reported; plain, so that it can be stored and compared.

    Attributes:
        rule: its id.
        title: the rule's.
        severity: name in lower case.
        message: what is wrong.
        mend: what to do.
        urn: of the resource.
        type: of the resource.
        name: of the resource.
        property: path of the input at fault; "" if one is missing.
        place: source line; None if not known.
        public: ids of the same rule elsewhere.
        suppressed: the reason for which it is let pass; "" if it counts.
        until: the day (ISO 8601) on which the suppression ends; "" if there is none.

    """

    rule: str
    title: str
    severity: str
    message: str
    mend: str
    urn: str
    type: str
    name: str
    property: str = ""
    place: Place | None = None
    public: tuple[str, ...] = ()
    suppressed: str = ""
    until: str = ""
