"""Faults by script: what goes wrong, at which request, how often.

    cloud.script(
        Fault(lose_response(), dialect="s3", operation="PutObject", key="models/*"),
        Fault(status(503, "SlowDown"), dialect="s3", operation="GetObject", nth=2, count=3),
    )

A fault counts the requests that match it and fires from the `nth` on, `count` times (None: for
as long as the cloud lives, at least once). Of several that are due the first in the script
fires, and the next gets the next matching request. A fault that never fired is a test that did
not test what it says: leaving the cloud's context raises AssertionError and names it.
"""

from __future__ import annotations

import threading
from dataclasses import asdict, dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.fakes.wire import Request


@dataclass(frozen=True, slots=True)
class Action:
    """What happens to the request; made by the functions below."""

    kind: str
    status: int = 0
    code: str = ""
    message: str = ""
    n: int = 0
    seconds: float | None = None


def lose_response() -> Action:
    """Commit, then close the connection without an answer."""
    return Action("lose_response")


def status(status: int, code: str = "", message: str = "") -> Action:
    """Answer with this error; nothing is committed."""
    return Action("status", status=status, code=code, message=message)


def throttle() -> Action:
    """Answer as the cloud does under load: S3 and Azure 503, GCS 429. Nothing is committed."""
    return Action("throttle")


def conflict409() -> Action:
    """S3: 409 ConditionalRequestConflict. A multipart upload hit by it never completes."""
    return Action("conflict409")


def error_in_200(code: str = "InternalError") -> Action:
    """S3: status 200 with an error document, as CompleteMultipartUpload is documented to do."""
    return Action("error_in_200", code=code)


def truncate(n: int) -> Action:
    """Send n bytes of a longer response body, then close."""
    return Action("truncate", n=n)


def flip_byte(offset: int) -> Action:
    """Change one byte of a response body on its way."""
    return Action("flip_byte", n=offset)


def stall(seconds: float | None = None, *, after: int = 0) -> Action:
    """Commit, send `after` bytes of the body, then fall silent (None: until released).

    An answer without a body is held back whole.
    """
    return Action("stall", n=after, seconds=seconds)


def reset() -> Action:
    """Reset the connection before the body is read; nothing is committed."""
    return Action("reset")


def cut_upload(n: int) -> Action:
    """Reset the connection after n bytes of the request's body; nothing becomes visible."""
    return Action("cut_upload", n=n)


def expire_credentials() -> Action:
    """Answer as the cloud does to a token that has expired."""
    return Action("expire_credentials")


def skew_clock() -> Action:
    """Answer as the cloud does to a client whose clock is wrong."""
    return Action("skew_clock")


def quota() -> Action:
    """Answer that the account may not store more (403)."""
    return Action("quota")


def disk_full() -> Action:
    """Answer that the store is full (507)."""
    return Action("disk_full")


# Kinds that replace the whole answer by an error document of the dialect.
ANSWERS = frozenset(
    {"status", "throttle", "conflict409", "expire_credentials", "skew_clock", "quota", "disk_full"}
)
KINDS = ANSWERS | {
    "lose_response",
    "error_in_200",
    "truncate",
    "flip_byte",
    "stall",
    "reset",
    "cut_upload",
}


@dataclass(slots=True, eq=False)
class Fault:
    """An action and the requests it is meant for."""

    action: Action
    dialect: str = "*"
    operation: str = "*"
    key: str = "*"
    nth: int = 1
    count: int | None = 1
    seen: int = 0
    fired: int = 0
    released: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        if self.action.kind not in KINDS:
            raise ValueError(f"unknown kind of fault: {self.action.kind!r}")
        if self.nth < 1 or (self.count is not None and self.count < 1):
            raise ValueError("nth and count start at 1")
        if self.action.kind in {"conflict409", "error_in_200"} and self.dialect != "s3":
            raise ValueError(f"{self.action.kind} is an answer of S3: say dialect='s3'")

    def __str__(self) -> str:
        times = "ever" if self.count is None else str(self.count)
        return (
            f"{self.action.kind} on {self.dialect}/{self.operation} key={self.key!r} "
            f"nth={self.nth} count={times}: {self.seen} matched, {self.fired} fired"
        )

    def release(self) -> None:
        """End a stall."""
        self.released.set()

    @property
    def exhausted(self) -> bool:
        return self.fired >= (1 if self.count is None else self.count)

    def matches(self, request: Request) -> bool:
        return (
            self.dialect in {"*", request.dialect}
            and fnmatchcase(request.operation, self.operation)
            and fnmatchcase(request.key, self.key)
        )

    def is_due(self) -> bool:
        return self.seen >= self.nth and (self.count is None or self.fired < self.count)

    def to_json(self) -> dict[str, Any]:
        shown = {name: getattr(self, name) for name in ("dialect", "operation", "key", "nth")}
        return {**shown, "count": self.count, "action": asdict(self.action)}

    @classmethod
    def from_json(cls, raw: dict[str, Any]) -> Fault:
        return cls(Action(**raw.pop("action")), **raw)


class Script:
    """Some faults of a cloud; as a context manager it checks that all of them fired."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = list(faults)

    def unfired(self) -> list[Fault]:
        return [fault for fault in self.faults if not fault.exhausted]

    def assert_exhausted(self) -> None:
        left = self.unfired()
        if left:
            raise AssertionError("faults that did not fire:\n" + "\n".join(map(str, left)))

    def release(self) -> None:
        for fault in self.faults:
            fault.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_rest: object) -> None:
        self.release()
        if kind is None:
            self.assert_exhausted()


class FaultBook:
    """All the faults of one cloud."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []

    def add(self, faults: Iterable[Fault]) -> Script:
        script = Script(faults)
        with self._lock:
            self._faults += script.faults
        return script

    def all(self) -> Script:
        with self._lock:
            return Script(self._faults)

    def claim(self, request: Request) -> Fault | None:
        """Return the fault for this request, counted as fired."""
        with self._lock:
            if not self._faults:
                return None
            matching = [fault for fault in self._faults if fault.matches(request)]
            for fault in matching:
                fault.seen += 1
            for fault in matching:
                if fault.is_due():
                    fault.fired += 1
                    return fault
        return None

    def give_back(self, fault: Fault) -> None:
        """The answer had nothing to truncate or flip: the fault waits for the next request."""
        with self._lock:
            fault.fired -= 1
