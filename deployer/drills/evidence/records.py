"""What a drill notes down while it runs, one JSON document a line.

Times are seconds of the system-wide monotonic clock, which all processes of one machine share
(CLOCK_MONOTONIC, clock_gettime(2)); the first event says which moment of the day its zero is.

=============== ========================================================================
scenario.yaml   the scenario as it was run
events.jsonl    what was done and seen: :class:`Event`
requests.jsonl  every request of the load: :class:`Request`
traffic.jsonl   every request to a store that passed the fault proxy: :class:`Passed`
integrity.json  every object of every cloud afterwards: :class:`Integrity`
configuration/  what the estate was told, and what its router has made of that
commands/       what each command printed: ``NN-NAME.stdout`` and ``.stderr``
logs/           of servers, router, emulators and proxies
=============== ========================================================================
"""

from typing import Any, Literal

import msgspec

__all__ = [
    "CONFIGURATION",
    "EVENTS",
    "INTEGRITY",
    "REQUESTS",
    "SCENARIO",
    "TRAFFIC",
    "Event",
    "EventKind",
    "Integrity",
    "Kept",
    "Passed",
    "Phase",
    "Request",
]

SCENARIO, EVENTS, REQUESTS, TRAFFIC, INTEGRITY = (
    "scenario.yaml",
    "events.jsonl",
    "requests.jsonl",
    "traffic.jsonl",
    "integrity.json",
)
CONFIGURATION = "configuration"

Phase = Literal["prepare", "steady", "method", "recovery", "after", "rollback", "done"]
"""In this order. `method` breaks, `recovery` mends, `after` looks at what is left."""

EventKind = Literal[
    "begun", "phase", "accepted", "configured", "fault", "mended", "command", "check", "published",
    "detected", "rollback", "note", "error",
]  # fmt: skip


class Event(msgspec.Struct, frozen=True, omit_defaults=True):
    """Something that was done or seen.

    ========== ============================= ===================================================
    kind       name                          detail
    ========== ============================= ===================================================
    begun      the scenario's name           scenario, versions, commit, platform, operator, …
    phase      a :data:`Phase`
    accepted   numbers of versions           digests: hex; answers of these versions are right.
                                             The last such event holds all of them
    configured files' names                  files: name in configuration/ → hex SHA-256 of what
                                             was in force before anything was broken
    fault      what is broken, for people    target, what (machine-readable)
    mended     the fault's name              target
    command    its arguments                 argv, exit, seconds, stdout, stderr (file names)
    check      what must hold                expected, seen; `ok` says whether it does
    published  model:version                 model, version, digest, clouds: acknowledged to us
    detected   who noticed                   what
    rollback   what was undone               `ok`
    note       anything for people
    error      what the drill could not do
    ========== ============================= ===================================================

    Attributes:
        at: when, or when it was over if it took time; seconds of the monotonic clock.
        wall: the same moment in UTC, ISO 8601 with microseconds.
        kind: see above.
        name: see above.
        ok: whether it is as it should be; None if that is no question.
        detail: by kind.

    """

    at: float
    wall: str
    kind: EventKind
    name: str
    ok: bool | None = None
    detail: dict[str, Any] = {}


class Request(msgspec.Struct, frozen=True, array_like=True):
    """One request of the load.

    Attributes:
        due: when it was to be sent, whatever became of those before it; monotonic seconds.
        seconds: from then until its answer was complete, or until it was given up.
        status: of HTTP; 0 if there was no answer.
        digest: hex SHA-256 of the version that answered; "" if it did not say.
        error: why there was no answer; "" if there was one.

    """

    due: float
    seconds: float
    status: int
    digest: str = ""
    error: str = ""


class Passed(msgspec.Struct, frozen=True, omit_defaults=True):
    """One request that came to the fault proxy.

    Attributes:
        at: when its head had come; monotonic seconds.
        listener: the proxy's port by name, such as ``store:aws`` or ``endpoint:primary``.
        method: of HTTP.
        target: path and query.
        sent: bytes of its body.
        status: of the answer that the client got; 0 if it got none.
        received: bytes of the answer's body that the client got.
        rules: numbers of the rules that changed something.

    """

    at: float
    listener: str
    method: str
    target: str
    sent: int = 0
    status: int = 0
    received: int = 0
    rules: tuple[int, ...] = ()


class Kept(msgspec.Struct, frozen=True):
    """One object of a store, read past the code under test.

    Attributes:
        key: its name in the store.
        bytes: its size.
        sha256: of its content, in hex.
        promised: hex SHA-256 that its name or its referrer promises; "" if nothing does.

    """

    key: str
    bytes: int
    sha256: str
    promised: str = ""

    @property
    def intact(self) -> bool:
        """Whether the content is what was promised, as far as something was."""
        return self.promised in ("", self.sha256)


class Integrity(msgspec.Struct, frozen=True):
    """What the clouds hold when a drill is over.

    Attributes:
        clouds: cloud → its objects, in the order of their keys.
        versions: cloud → ``model:version`` → the hex digest of its manifest, for each version that
            is wholly there: manifest and every blob that it names, each with the right content.

    """

    clouds: dict[str, tuple[Kept, ...]] = {}
    versions: dict[str, dict[str, str]] = {}
