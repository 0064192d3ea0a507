"""What a drill left, read from its folder."""

from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import msgspec

from deployer.drills.evidence.records import (
    EVENTS,
    INTEGRITY,
    REQUESTS,
    SCENARIO,
    TRAFFIC,
    Event,
    Integrity,
    Passed,
    Request,
)
from deployer.errors import UsageError

if TYPE_CHECKING:
    from deployer.drills.scenario.model import Scenario

__all__ = ["Evidence", "read", "read_evidence"]

_T = TypeVar("_T")


class Evidence(msgspec.Struct, frozen=True):
    """The raw records of one drill.

    Attributes:
        events: in the order in which they were noted.
        requests: of the load, in the order of their ends.
        passed: requests that passed the fault proxy, in the order of their ends.
        integrity: what the clouds held afterwards; None if they were not read.

    """

    events: tuple[Event, ...] = ()
    requests: tuple[Request, ...] = ()
    passed: tuple[Passed, ...] = ()
    integrity: Integrity | None = None


def read(folder: Path) -> "tuple[Scenario, Evidence]":
    """Return the scenario and the evidence of a drill.

    Args:
        folder: of the evidence.

    Raises:
        MissingError: there is no scenario.
        UsageError: something is not there or damaged; the message names file and line.

    """
    from deployer.drills.scenario.load import read as scenario  # noqa: PLC0415 - needs YAML

    return scenario(folder / SCENARIO), read_evidence(folder)


def read_evidence(folder: Path) -> Evidence:
    """Return the evidence of a drill without its scenario; see :func:`read`."""
    return Evidence(
        _lines(folder / EVENTS, Event, required=True),
        _lines(folder / REQUESTS, Request),
        _lines(folder / TRAFFIC, Passed),
        _integrity(folder / INTEGRITY),
    )


def _bytes(path: Path, *, required: bool) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        if not required:
            return b""
        said = "is not there"
    except OSError as error:
        said = f"cannot be read: {error.strerror}"
    raise UsageError(said, where=str(path), hint="name the folder that a drill has left")


def _lines(path: Path, kind: type[_T], *, required: bool = False) -> tuple[_T, ...]:
    content = _bytes(path, required=required)
    decoder = msgspec.json.Decoder(kind)
    found = []
    for number, line in enumerate(content.split(b"\n"), 1):
        if not line and number > content.count(b"\n"):
            break
        try:
            found.append(decoder.decode(line))
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise _damaged(path, number, error) from error
    return tuple(found)


def _integrity(path: Path) -> Integrity | None:
    content = _bytes(path, required=False)
    if not content:
        return None
    try:
        return msgspec.json.decode(content, type=Integrity)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise _damaged(path, 1, error) from error


def _damaged(path: Path, line: int, error: Exception) -> UsageError:
    return UsageError(
        f"is damaged: {error}",
        where=f"{path}:{line}",
        hint="evidence is never changed after a drill: take it from where you keep the original",
    )
