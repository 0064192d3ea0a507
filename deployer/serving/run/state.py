"""What the supervisor tells its workers, and what they tell it.

The supervisor replaces one small file, whole, and then writes a line to each worker's standard
input, so that a worker need not look at the file again and again. That pipe also ends with the
supervisor, however that ended, which is how a worker learns of it. A worker answers with one JSON
document per line on a pipe of its own.
"""

import os
import uuid
from pathlib import Path
from typing import Literal

import msgspec

from deployer.settings import ServeSettings

__all__ = [
    "BEAT",
    "DRAIN",
    "EVENTS",
    "LOOK",
    "Event",
    "Launch",
    "Placed",
    "State",
    "read_launch",
    "read_state",
    "replace_file",
]

BEAT = 1.0
"""Seconds between two signs of life of a worker that listens."""

LOOK = b"look\n"
DRAIN = b"drain\n"


class Placed(msgspec.Struct, frozen=True):
    """A version that is on the disk.

    Attributes:
        name: of the model.
        version: its number as text; "" for a folder.
        digest: hex SHA-256 of its manifest, or of a folder's ``model.json``.
        folder: where its files are.
        source: where it came from, for people: a cloud's name or a folder.
        reference: what it was asked for as.

    """

    name: str
    version: str
    digest: str
    folder: str
    source: str
    reference: str


class State(msgspec.Struct, frozen=True):
    """What to answer with.

    Attributes:
        serial: raised with every change.
        models: one version of each model; none to answer no more for a model.
        retry: raised when versions that could not be loaded shall be tried again.

    """

    serial: int
    models: tuple[Placed, ...] = ()
    retry: int = 0


class Launch(msgspec.Struct, frozen=True):
    """What a worker is started with.

    Attributes:
        settings: how to answer.
        state: path of the state file.
        metrics: folder of the numbers of all workers.
        host: address to listen on.
        port: of REST.
        grpc_port: of gRPC; 0 for none.
        verbose: whether to print the traceback of what ends it.

    """

    settings: ServeSettings
    state: str
    metrics: str
    host: str
    port: int
    grpc_port: int
    verbose: bool = False


class Event(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a worker says.

    Attributes:
        kind: it now answers with a version, could not load it, listens, is alive, or cannot go on.
        name: of the model.
        digest: of the version.
        seconds: that the load took.
        message: what is wrong.
        where: with what.
        hint: what to do about it.
        exit_code: that the command ends with, if it cannot go on.

    """

    kind: Literal["loaded", "failed", "listening", "alive", "fatal"]
    name: str = ""
    digest: str = ""
    seconds: float = 0.0
    message: str = ""
    where: str = ""
    hint: str = ""
    exit_code: int = 1


# Built while this module is imported, by one thread: see `deployer.typed`.
EVENTS: msgspec.json.Decoder[Event] = msgspec.json.Decoder(Event)
_STATE: msgspec.json.Decoder[State] = msgspec.json.Decoder(State)
_LAUNCH: msgspec.json.Decoder[Launch] = msgspec.json.Decoder(Launch)


def read_state(path: Path) -> State:
    """Return what to answer with."""
    return _STATE.decode(path.read_bytes())


def read_launch(path: Path) -> Launch:
    """Return what this worker is started with."""
    return _LAUNCH.decode(path.read_bytes())


def replace_file(path: Path, body: bytes) -> None:
    """Replace a file as a whole; it is on the disk when this returns."""
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        with temporary.open("wb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
