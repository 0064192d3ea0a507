"""What a report is made of: things that happened, and things that are there in the end. Data only.

Times are seconds after the first fault, or after the first event if nothing was broken.
"""

from typing import Literal

import msgspec

from deployer.drills.evidence.records import EventKind

__all__ = [
    "Broken",
    "Check",
    "CloudState",
    "Command",
    "Entry",
    "EvidenceFile",
    "Finding",
    "PhaseSpan",
    "Publish",
    "Rollback",
    "Thing",
    "Traffic",
]


class PhaseSpan(msgspec.Struct, frozen=True):
    """A phase from when to when; seconds after the first fault."""

    name: str
    begin: float
    end: float


class Broken(msgspec.Struct, frozen=True):
    """A fault.

    Attributes:
        name: what was broken.
        target: of it.
        begin: seconds after the first fault.
        end: likewise; None if nothing ended it by itself: what was deleted or changed is brought
            back by the recovery, and a killed command stays dead.

    """

    name: str
    target: str
    begin: float
    end: float | None


class Entry(msgspec.Struct, frozen=True):
    """An event.

    Attributes:
        at: seconds after the first fault.
        wall: UTC, ISO 8601.
        phase: in which it was; "" before the first.
        kind: of the event.
        name: of the event.
        ok: whether it is as it should be; None if that is no question.
        more: what there is to say beside its name.

    """

    at: float
    wall: str
    phase: str
    kind: EventKind
    name: str
    ok: bool | None
    more: str


class Check(msgspec.Struct, frozen=True):
    """Something that had to hold, and whether it did."""

    at: float
    phase: str
    name: str
    ok: bool
    expected: str
    seen: str


class Command(msgspec.Struct, frozen=True):
    """A command that was run; `at` is its beginning, `files` hold what it printed."""

    at: float
    phase: str
    name: str
    exit: int | None
    seconds: float
    files: tuple[str, ...]


class Publish(msgspec.Struct, frozen=True):
    """An acknowledged publish, and where it is in the end; `missing` of `clouds`.

    If all of them hold it under another number, none is missing, and `now` is that number's name.
    """

    at: float
    name: str
    digest: str
    clouds: tuple[str, ...]
    missing: tuple[str, ...]
    now: str = ""


class Thing(msgspec.Struct, frozen=True):
    """An object that is not what was promised."""

    key: str
    bytes: int
    sha256: str
    promised: str


class CloudState(msgspec.Struct, frozen=True):
    """What a cloud holds in the end."""

    cloud: str
    objects: int
    bytes: int
    promised: int
    damaged: tuple[Thing, ...]
    versions: dict[str, str]


class Traffic(msgspec.Struct, frozen=True):
    """What passed one port of the fault proxy; `changed` requests were met by a fault."""

    listener: str
    requests: int
    sent: int
    received: int
    failed: int
    changed: int


class Rollback(msgspec.Struct, frozen=True):
    """What was undone at the end; `ok` if all of it was."""

    ok: bool
    done: tuple[str, ...]
    failed: tuple[str, ...]


class Finding(msgspec.Struct, frozen=True):
    """Something that makes the drill fail, or that its reader should know."""

    level: Literal["failure", "note"]
    text: str


class EvidenceFile(msgspec.Struct, frozen=True):
    """A file of the evidence; `path` is relative to the folder, with ``/``."""

    path: str
    bytes: int
    sha256: str
