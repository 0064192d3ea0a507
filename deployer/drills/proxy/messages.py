"""What the drill tells the proxy's process, and what that answers: JSON, one document a line."""

import msgspec

from deployer.drills.proxy.rules import Rule

__all__ = [
    "SECRET",
    "Add",
    "Clear",
    "Command",
    "Count",
    "Counts",
    "Envelope",
    "Hits",
    "Listen",
    "Release",
    "Remove",
    "Reply",
]

SECRET = "DEPLOYER_DRILL_PROXY"  # noqa: S105 - a variable's name
"""What the process says first, so that the drill knows it for the one that it has started."""


class Counts(msgspec.Struct, frozen=True):
    """What a listener has seen so far.

    Attributes:
        requests: that have come to their end, whichever that was.
        methods: how many of each method.
        sent: bytes of bodies that clients have sent.
        received: bytes of bodies that clients have got.
        errors: answers with a status of 500 and more that clients have got.

    """

    requests: int = 0
    methods: dict[str, int] = {}
    sent: int = 0
    received: int = 0
    errors: int = 0


class Listen(msgspec.Struct, frozen=True, tag="listen"):
    """Open a port; the value is its number."""

    name: str
    upstream: str
    port: int
    rename: bool
    log: bool


class Add(msgspec.Struct, frozen=True, tag="add"):
    """Put a rule in force; the value is its number."""

    listener: str
    rule: Rule
    first: bool


class Remove(msgspec.Struct, frozen=True, tag="remove"):
    """End a rule."""

    number: int


class Clear(msgspec.Struct, frozen=True, tag="clear"):
    """End all rules, or those of one listener."""

    listener: str | None


class Hits(msgspec.Struct, frozen=True, tag="hits"):
    """Tell how many requests a rule has affected, once they are `count` or time is up."""

    number: int
    count: int
    timeout: float


class Release(msgspec.Struct, frozen=True, tag="release"):
    """Let go what a rule holds."""

    number: int


class Count(msgspec.Struct, frozen=True, tag="count"):
    """Tell a listener's :class:`Counts`."""

    listener: str


Command = Listen | Add | Remove | Clear | Hits | Release | Count


class Envelope(msgspec.Struct, frozen=True):
    """A command and the number that its reply will bear."""

    id: int
    command: Command


class Reply(msgspec.Struct, frozen=True):
    """What came of a command: a value, or what was wrong with it."""

    id: int
    value: int | Counts = 0
    error: str = ""
