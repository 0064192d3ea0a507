"""The cloud: one JSON file, shared by all providers and by everything that they do at once."""

import contextlib
import fcntl
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

__all__ = ["Cloud", "State", "Thing"]


class Thing(msgspec.Struct):
    """Something that was made.

    Attributes:
        type: its type token.
        id: by which its provider finds it.
        name: what it is called in the cloud; "" if it has no name.
        urn: of the resource that asked for it.
        token: 32 random hex digits, from which what the cloud tells about it is made up.
        inputs: property → value as asked for, or as somebody changed it; secrets as hashes.
        computed: path → value that only the cloud knows.
        changed: paths in `computed` that somebody changed.
        objects: how much is in it, of what the program does not know.
        revision: 1, and one more with each update.

    """

    type: str
    id: str
    name: str
    urn: str
    token: str
    inputs: dict[str, Any]
    computed: dict[str, Any]
    changed: dict[str, Any] = {}
    objects: int = 0
    revision: int = 1

    @property
    def added(self) -> dict[str, Any]:
        """Path → value of what was not asked for, with what somebody changed in its place."""
        return {**self.computed, **{f"{path}!": value for path, value in self.changed.items()}}


class State(msgspec.Struct):
    """Everything that there is.

    Attributes:
        salt: of the hashes of secrets.
        things: ``TYPE ID`` → what is there.
        faults: fault → how often it has struck.
        calls: operation → how often it was asked for.

    """

    salt: str
    things: dict[str, Thing] = {}
    faults: dict[str, int] = {}
    calls: dict[str, int] = {}

    def find(self, type_: str, id_: str) -> Thing | None:
        """Return what has this id."""
        return self.things.get(f"{type_} {id_}")

    def has(self, types: tuple[str, ...], wanted: str) -> bool:
        """Return whether something of these types is known by that name, id, ARN or other value.

        An ARN may go on after it, as that of a function's version does.
        """
        for each in self.things.values():
            if each.type not in types:
                continue
            arn = str(each.computed.get("arn") or "")
            if wanted in (each.id, each.name, arn) or (arn and wanted.startswith(f"{arn}:")):
                return True
            if wanted in each.computed.values() or wanted in each.inputs.values():
                return True
        return False

    def put(self, thing: Thing) -> None:
        """Keep it."""
        self.things[f"{thing.type} {thing.id}"] = thing

    def drop(self, thing: Thing) -> None:
        """Forget it."""
        self.things.pop(f"{thing.type} {thing.id}", None)


class Cloud:
    """The file, changed by one process at a time and never half."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> State:
        """Return what there is; nothing if there is no file yet."""
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=State)
        except FileNotFoundError:
            return State(salt=secrets.token_hex(16))

    @contextlib.contextmanager
    def change(self) -> Iterator[State]:
        """Give the state to be changed; it is kept unless the block raises."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.with_name(f"{self._path.name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            state = self.read()
            yield state
            new = self._path.with_name(f".{self._path.name}.new")
            new.write_bytes(msgspec.json.encode(state))
            new.replace(self._path)
