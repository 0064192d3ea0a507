"""What the tests of deletion and garbage collection share: clocks, crashes, and their own idea of garbage."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ParamSpec, TypeVar
from unittest import mock

from deployer.errors import DeployerError
from deployer.registry.aliasing.pointing import Moved, Order, point
from deployer.registry.cloud import Cloud
from deployer.registry.deleting.delete import Deleted, delete
from deployer.registry.format.names import Reference
from deployer.registry.homes.home import join
from deployer.upkeep.garbage.collect import Collected, Collection, collect
from providers.driver import Driver
from providers.errors import ErrorKind
from providers.memory import MemoryDriver, MemoryFault
from providers.model import ByteRange, Listing, ObjectMeta, PutMode, Read, Version
from providers.prefixed import PrefixedDriver
from providers.store import Store
from tests.deployer.registry.registry_kit import QUICK, sha256
from tests.fakes import StrictCloud
from tests.fakes.wire import Request

__all__ = [
    "DAY",
    "Clock",
    "ClockedMemory",
    "CrashError",
    "Fuse",
    "Hold",
    "Mortal",
    "Unconditional",
    "collected",
    "deleted",
    "garbage",
    "pointed",
    "sharing",
    "versions_of",
]

DAY = timedelta(days=1)
GRACE = 7 * DAY
AGE = GRACE + timedelta(hours=2)  # after this, intents and tombstones are old
P = ParamSpec("P")
T = TypeVar("T")


class Clock:
    """The time that servers stamp objects with, and that passes for who sleeps."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def advance(self, span: timedelta) -> None:
        self.ahead += span

    def rule(self, strict: StrictCloud) -> None:
        """Let the fake's clouds stamp what they hold with this time."""
        for name in ("s3", "gcs", "azure"):
            strict.dialect(name).state.now = lambda: self.now().timestamp()  # type: ignore[method-assign]

    @contextmanager
    def sleeping(self) -> Iterator[None]:
        """Make the sleep of publishers and collectors pass at once."""
        with mock.patch("time.sleep", lambda seconds: self.advance(timedelta(seconds=seconds))):
            yield


class ClockedMemory(MemoryDriver):
    """A store in memory with a clock of its own."""

    def __init__(self, name: str, clock: Clock) -> None:
        super().__init__(name)
        self.clock = clock

    def put(
        self, key: str, body: bytes, *, mode: PutMode, metadata: Mapping[str, str]
    ) -> ObjectMeta:
        """Write an object."""
        with self.lock:
            meta = replace(
                super().put(key, body, mode=mode, metadata=metadata), modified=self.clock.now()
            )
            self.objects[key] = (body, meta)
            return meta


class CrashError(BaseException):
    """The process is gone."""


class Fuse:
    """Lets so many requests pass, counted over all stores of a process, and then none any more."""

    def __init__(self, requests: int | None, *, carried_out: bool = False) -> None:
        self.left = requests
        self.carried_out = carried_out
        self.lock = threading.Lock()

    def burn(self, act: Callable[[], T]) -> T:
        with self.lock:
            if self.left is not None:
                if self.left < 0 or (self.left == 0 and not self.carried_out):
                    self.left = -1
                    raise CrashError
                self.left -= 1
                last = self.left < 0
            else:
                last = False
        done = act()
        if last:
            raise CrashError
        return done


class Mortal(PrefixedDriver):
    """A driver of a process that dies with its fuse."""

    def __init__(self, driver: Driver, fuse: Fuse) -> None:
        super().__init__(driver, "")
        self.url = driver.url
        self.fuse = fuse

    def put(
        self, key: str, body: bytes, *, mode: PutMode, metadata: Mapping[str, str]
    ) -> ObjectMeta:
        put = super().put
        return self.fuse.burn(lambda: put(key, body, mode=mode, metadata=metadata))

    @contextmanager
    def get(
        self, key: str, *, range: ByteRange | None = None, if_match: Version | None = None
    ) -> Iterator[Read]:
        self.fuse.burn(lambda: None)
        with super().get(key, range=range, if_match=if_match) as read:
            yield read

    def head(self, key: str) -> ObjectMeta:
        head = super().head
        return self.fuse.burn(lambda: head(key))

    def delete(self, key: str, *, if_match: Version | None = None) -> None:
        delete_ = super().delete
        self.fuse.burn(lambda: delete_(key, if_match=if_match))

    def list(self, prefix: str, *, start_after: str | None = None) -> Iterator[ObjectMeta]:
        self.fuse.burn(lambda: None)
        yield from super().list(prefix, start_after=start_after)

    def list_dir(self, prefix: str) -> Listing:
        list_dir = super().list_dir
        return self.fuse.burn(lambda: list_dir(prefix))


class Unconditional(PrefixedDriver):
    """A store that knows no conditional delete, as some that speak S3's language."""

    def __init__(self, driver: Driver) -> None:
        super().__init__(driver, "")
        self.url = driver.url

    def delete(self, key: str, *, if_match: Version | None = None) -> None:
        if if_match is not None:
            raise MemoryFault(ErrorKind.UNSUPPORTED, "a header that is not implemented")
        super().delete(key)


def sharing(clouds: Sequence[Cloud], fuse: Fuse | None = None) -> list[Cloud]:
    """Return what another process would open: other stores on the same drivers."""

    def driver(cloud: Cloud) -> Driver:
        return Mortal(cloud.store.driver, fuse) if fuse else cloud.store.driver

    return [Cloud(cloud.name, Store(driver(cloud), QUICK)) for cloud in clouds]


class Hold:
    """Holds the nth request to the fake, before it is carried out or after, until it is let go.

    Args:
        strict: the fake.
        nth: which of the requests that `matching` agrees to.
        carried_out: whether it is held after it was carried out, rather than before.
        matching: tells which requests are meant.

    """

    def __init__(
        self,
        strict: StrictCloud,
        nth: int,
        *,
        carried_out: bool,
        matching: Callable[[Request], bool] = lambda _: True,
    ) -> None:
        self.nth = nth
        self.matching = matching
        self.count = 0
        self.lock = threading.Lock()
        self.reached = threading.Event()
        self.go = threading.Event()
        if carried_out:
            strict.on_response(lambda request, _: self._hold(request))
        else:
            strict.on_request(self._hold)

    def _hold(self, request: Request) -> None:
        if not self.matching(request):
            return
        with self.lock:
            self.count += 1
            if self.count != self.nth:
                return
        self.reached.set()
        self.go.wait(60)


# The acts


def deleted(clouds: Sequence[Cloud], version: int, *, state: Path) -> Deleted:
    registry = join(clouds, home=None, probes=state / "probes", found_new=False)
    return delete(registry, "penguins", version)


def pointed(clouds: Sequence[Cloud], alias: str, version: int, *, state: Path) -> Moved:
    order = Order(clouds=clouds, home=None, state=state)
    return point(order, "penguins", alias, Reference("penguins", version=version))


def collected(clouds: Sequence[Cloud], grace: timedelta = GRACE) -> list[Collected]:
    return [collect(cloud, Collection(grace)) for cloud in clouds]


def outcome(act: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T | DeployerError:
    """Return what `act` returns, or why it was refused."""
    try:
        return act(*args, **kwargs)
    except DeployerError as error:
        return error


# What there is, by reading alone


def versions_of(objects: Mapping[str, bytes]) -> dict[int, dict[str, bytes]]:
    """Return the files of each version, read as docs/format.md says."""
    found: dict[int, dict[str, bytes]] = {}
    for key, body in objects.items():
        if key.startswith("models/penguins/versions/"):
            manifest = objects[f"manifests/sha256/{json.loads(body)['manifest']}.json"]
            found[json.loads(body)["version"]] = {
                file["path"]: objects[f"blobs/sha256/{file['sha256'][:2]}/{file['sha256']}"]
                for file in json.loads(manifest)["files"]
            }
    return found


def garbage(objects: Mapping[str, bytes]) -> set[str]:
    """Return the content that nothing refers to, and records of collections and publishes."""
    kept: set[str] = set()
    for key, body in objects.items():
        if key.startswith("models/") and "/deleted/" not in key:
            record: dict[str, Any] = json.loads(body)
            number = f"{record['version']:08d}.json"
            is_deleted = f"models/{record['model']}/deleted/{number}" in objects
            name = f"manifests/sha256/{record['manifest']}.json"
            # History may name a version that this store has not got yet, or no more.
            if name in objects and ("/versions/" in key or not is_deleted):
                files = json.loads(objects[name])["files"]
                digests = [file["sha256"] for file in files]
                kept |= {name, *(f"blobs/sha256/{each[:2]}/{each}" for each in digests)}
    fixed = ("models/", "deployer.json", "gc/sweep.json")
    return {key for key in objects if not key.startswith(fixed)} - kept


def blob_key(body: bytes) -> str:
    return f"blobs/sha256/{sha256(body)[:2]}/{sha256(body)}"
