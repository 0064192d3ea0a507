"""The folder of a router that runs: what it, its proxy and rollouts tell each other.

============== ==============================================================
weights.json   what a rollout wants: :class:`~deployer.routing.shares.Split`
status.json    what runs now: :class:`Status`
accepted.json  which versions and endpoints are accepted: :class:`Memory`
proxy.json     which process is the proxy: :class:`Running`
rollout.json   how far a rollout is
golden/        golden answers by digest
envoy/         Envoy's configuration, or haproxy/ HAProxy's
proxy.log      what the proxy writes
============== ==============================================================

Every file is replaced as a whole, so that a reader never sees half of one.
"""

import fcntl
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, TypeVar

import msgspec

from deployer import typed
from deployer.emulators.process import Handle
from deployer.errors import UsageError
from deployer.routing.acceptance import Accepted
from deployer.routing.shares import Split

__all__ = ["Kind", "Memory", "RouterFolder", "Running", "Standing", "Status"]

Kind = Literal["envoy", "haproxy"]
_T = TypeVar("_T")


class Standing(msgspec.Struct, frozen=True):
    """One endpoint, as the router sees it.

    Attributes:
        ready: whether it says so.
        digest: that it reports.
        golden: ``equal``, ``different`` or ``not known``.
        traffic: whether the proxy may send it requests.
        reason: why not, or what is wrong.
        resident: whether the model's residency allows it; one outside is never sent a row.
        ca_file: see `Endpoint`.

    """

    name: str
    url: str
    ready: bool
    digest: str
    golden: str
    traffic: bool
    canary: bool
    reason: str = ""
    resident: bool = True
    ca_file: str = ""


class Status(msgspec.Struct, frozen=True):
    """What runs: written again whenever something changes.

    Attributes:
        proxy: which one.
        controller: process id of ``router run``.
        pid: of the proxy.
        url: that clients use.
        admin: address of the proxy's statistics: an http:// URL, or a socket's path.
        servers: what the proxy calls an endpoint in its statistics → the endpoint's name.
        split: that the proxy was told.
        digests: that may answer, the wanted one first.
        endpoints: in the settings' order.

    """

    proxy: Kind
    controller: int
    pid: int
    url: str
    admin: str
    servers: dict[str, str]
    split: Split
    digests: tuple[str, ...]
    endpoints: tuple[Standing, ...]


class Running(msgspec.Struct, frozen=True):
    """The proxy's process, so that the next controller finds it again."""

    proxy: Kind
    handle: Handle
    port: int
    admin_port: int


class Memory(msgspec.Struct, frozen=True):
    """What was accepted last, for a controller that starts again while endpoints are away."""

    wanted: str = ""
    proven: tuple[str, ...] = ()

    def restore(self) -> Accepted:
        """Return the decision to go on from."""
        return Accepted(wanted=self.wanted, proven=frozenset(self.proven))


class RouterFolder:
    """Reads and writes the documents of one router."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def create(self) -> None:
        """Make the folder, ours alone: it holds the socket that the proxy is steered by."""
        self.path.mkdir(parents=True, exist_ok=True)
        self.path.chmod(0o700)

    @contextmanager
    def only_one(
        self, name: str = "lock", otherwise: str = "a router runs here already"
    ) -> Iterator[None]:
        """Hold the folder: two of a kind would take turns in overwriting each other.

        Raises:
            UsageError: another one has it.

        """
        with (self.path / name).open("ab") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise UsageError(
                    otherwise,
                    where=str(self.path),
                    hint="name another folder with --dir, or end that one",
                ) from None
            yield

    @property
    def golden(self) -> Path:
        """Folder of golden answers."""
        return self.path / "golden"

    def split(self) -> Split:
        """Return what a rollout wants; nothing if there is none."""
        return self._read("weights.json", Split) or Split()

    def write_split(self, split: Split) -> None:
        """Tell the router what a rollout wants."""
        self.write("weights.json", msgspec.json.encode(split))

    def status(self) -> Status | None:
        """Return what runs; None if nothing ever did."""
        return self._read("status.json", Status)

    def write_status(self, status: Status) -> None:
        """Tell others what runs."""
        self.write("status.json", msgspec.json.format(msgspec.json.encode(status), indent=2))

    def memory(self) -> Memory:
        """Return what was accepted last."""
        return self._read("accepted.json", Memory) or Memory()

    def remember(self, accepted: Accepted) -> None:
        """Keep what is accepted."""
        memory = Memory(accepted.wanted, tuple(sorted(accepted.proven)))
        self.write("accepted.json", msgspec.json.encode(memory))

    def running(self) -> Running | None:
        """Return the proxy that was started last."""
        return self._read("proxy.json", Running)

    def write_running(self, running: Running) -> None:
        """Note the proxy that was started."""
        self.write("proxy.json", msgspec.json.encode(running))

    def _read(self, name: str, kind: type[_T]) -> _T | None:
        try:
            return typed.decode((self.path / name).read_bytes(), kind)
        except (FileNotFoundError, msgspec.DecodeError):
            return None

    def write(self, name: str, body: bytes) -> bool:
        """Replace a file as a whole, if it is not so already; return whether it was not."""
        path = self.path / name
        try:
            if path.read_bytes() == body:
                return False
        except FileNotFoundError:
            path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
        temporary.write_bytes(body)
        os.replace(temporary, path)  # noqa: PTH105 - a rename, which Envoy watches for
        return True
