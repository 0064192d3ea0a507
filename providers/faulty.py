"""A driver that wraps another and plays a script of faults: for tests and drills.

Each fault waits for the `nth` call of its verb on a matching key. The script must be played to
its end: :meth:`FaultyDriver.assert_exhausted` names the faults that never fired.
"""

import fnmatch
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal, TypeAlias, TypeVar

from providers.driver import Driver
from providers.errors import ErrorKind
from providers.model import ByteRange, ObjectMeta, Part, PutMode, Read, Version
from providers.prefixed import PrefixedDriver

__all__ = ["Fault", "FaultKind", "FaultyDriver", "ScriptedFault"]

T = TypeVar("T")

FaultKind: TypeAlias = Literal[
    "lost-response", "unavailable", "throttled", "conflict", "denied", "truncate", "flip"
]

_KINDS = {
    "unavailable": ErrorKind.UNAVAILABLE,
    "throttled": ErrorKind.THROTTLED,
    "conflict": ErrorKind.CONFLICT,
    "denied": ErrorKind.PERMISSION_DENIED,
}


@dataclass(frozen=True)
class Fault:
    """One thing to go wrong.

    Attributes:
        op: the driver's verb, such as ``put`` or ``finish_upload``.
        kind: ``lost-response`` does the work and then fails; ``truncate`` and ``flip`` spoil
            the bytes of a read; the others fail before anything is done.
        key: a shell pattern over keys.
        nth: which matching call, counted from 1.
        count: for how many matching calls from there on.

    """

    op: str
    kind: FaultKind
    key: str = "*"
    nth: int = 1
    count: int = 1


@dataclass
class _Line:
    """A fault in its script, and how far it has come."""

    fault: Fault
    seen: int = 0
    fired: int = 0

    def meets(self, op: str, key: str) -> bool:
        """Count a call and tell whether the fault is due on it."""
        if self.fault.op != op or not fnmatch.fnmatchcase(key, self.fault.key):
            return False
        self.seen += 1
        return self.fault.nth <= self.seen < self.fault.nth + self.fault.count


class ScriptedFault(Exception):  # noqa: N818 - plays the part of an SDK's error
    """The error of a scripted fault; carries its kind."""

    def __init__(self, kind: ErrorKind, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class FaultyDriver(PrefixedDriver):
    """The wrapped driver, faults added; with an empty script it changes nothing."""

    def __init__(self, driver: Driver, script: Sequence[Fault] = ()) -> None:
        super().__init__(driver, "")
        self.url = driver.url
        self._script = [_Line(fault) for fault in script]
        self._lock = threading.Lock()

    def assert_exhausted(self) -> None:
        """Raise AssertionError naming the faults that have not fired as often as they should."""
        with self._lock:
            left = [line.fault for line in self._script if line.fired < line.fault.count]
        if left:
            raise AssertionError(f"faults that never fired: {left}")

    def _due(self, op: str, key: str) -> FaultKind | None:
        with self._lock:
            due = [line for line in self._script if line.meets(op, key)]
            if not due:
                return None
            due[0].fired += 1
            return due[0].fault.kind

    @contextmanager
    def _around(self, op: str, key: str) -> Iterator[FaultKind | None]:
        due = self._due(op, key)
        if due in _KINDS:
            raise ScriptedFault(_KINDS[due], f"scripted fault: {due} in {op}")
        yield due
        if due == "lost-response":
            raise ScriptedFault(ErrorKind.UNAVAILABLE, f"scripted fault: lost the answer to {op}")

    def classify(self, error: Exception) -> ErrorKind | None:
        """Return the kind of a scripted fault, or what the wrapped driver says."""
        return error.kind if isinstance(error, ScriptedFault) else super().classify(error)

    def put(
        self, key: str, body: bytes, *, mode: PutMode, metadata: Mapping[str, str]
    ) -> ObjectMeta:
        """Write an object."""
        with self._around("put", key):
            meta = super().put(key, body, mode=mode, metadata=metadata)
        return meta

    def start_upload(self, key: str, *, metadata: Mapping[str, str]) -> str:
        """Begin an upload."""
        with self._around("start_upload", key):
            upload = super().start_upload(key, metadata=metadata)
        return upload

    def put_part(self, key: str, upload: str, number: int, offset: int, body: bytes) -> Part:
        """Send a part."""
        with self._around("put_part", key):
            part = super().put_part(key, upload, number, offset, body)
        return part

    def finish_upload(
        self,
        key: str,
        upload: str,
        parts: Sequence[Part],
        *,
        mode: PutMode,
        metadata: Mapping[str, str],
    ) -> ObjectMeta:
        """Make the object of its parts."""
        with self._around("finish_upload", key):
            meta = super().finish_upload(key, upload, parts, mode=mode, metadata=metadata)
        return meta

    @contextmanager
    def get(
        self, key: str, *, range: ByteRange | None = None, if_match: Version | None = None
    ) -> Iterator[Read]:
        """Read an object or a range of it."""
        with (
            self._around("get", key) as due,
            super().get(key, range=range, if_match=if_match) as read,
        ):
            yield Read(read.meta, _spoil(read.chunks, due))

    def head(self, key: str) -> ObjectMeta:
        """Return what is known of an object."""
        with self._around("head", key):
            meta = super().head(key)
        return meta

    def delete(self, key: str, *, if_match: Version | None = None) -> None:
        """Remove an object."""
        with self._around("delete", key):
            super().delete(key, if_match=if_match)

    def list(self, prefix: str, *, start_after: str | None = None) -> Iterator[ObjectMeta]:
        """Yield the objects under a prefix."""
        with self._around("list", prefix):
            yield from super().list(prefix, start_after=start_after)


def _spoil(chunks: Iterator[bytes], due: FaultKind | None) -> Iterator[bytes]:
    if due not in ("truncate", "flip"):
        yield from chunks
        return
    body = bytearray(b"".join(chunks))
    if due == "truncate":
        yield bytes(body[: len(body) // 2])
    else:
        if body:
            body[len(body) // 2] ^= 0x01
        yield bytes(body)
