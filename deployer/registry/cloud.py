"""A store with the name that its user gave it, and what the registry reads and writes there."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from deployer.errors import DamagedError, DeployerError
from deployer.registry.format import layout
from deployer.registry.format.records import MAX_DOCUMENT, Marker, Record, decode, digest
from providers.errors import AlreadyExistsError, NotFoundError, StoreError
from providers.model import PutMode, Version
from providers.store import Store

__all__ = [
    "Cloud",
    "create_same",
    "everywhere",
    "in_parallel",
    "names_below",
    "read_document",
    "read_marker",
    "write_document",
]

READERS = 16  # small documents asked for at once, of one store

T = TypeVar("T")
S = TypeVar("S")
R = TypeVar("R", bound=Record)


@dataclass(frozen=True)
class Cloud:
    """One of the user's clouds."""

    name: str
    store: Store

    def where(self, key: str) -> str:
        """Return the address of an object, for messages."""
        return f"{self.store.url}/{key}"


def everywhere(
    clouds: Sequence[Cloud], act: Callable[[Cloud], T]
) -> tuple[dict[str, T], dict[str, StoreError | DeployerError]]:
    """Run `act` on all clouds at once and return ``(results, errors)`` by cloud name."""
    done: dict[str, T] = {}
    failed: dict[str, StoreError | DeployerError] = {}
    pool = ThreadPoolExecutor(max(1, len(clouds)), thread_name_prefix="cloud")
    try:
        futures = {cloud.name: pool.submit(act, cloud) for cloud in clouds}
        for name, future in futures.items():
            try:
                done[name] = future.result()
            except (StoreError, DeployerError) as error:
                failed[name] = error
    finally:
        # Not waiting: an interrupted command must end, not finish its uploads first.
        pool.shutdown(wait=False, cancel_futures=True)
    return done, failed


def in_parallel(act: Callable[[S], T], items: Iterable[S]) -> list[T]:
    """Return ``act(item)`` of each item, in order; a few at a time."""
    with ThreadPoolExecutor(READERS, thread_name_prefix="read") as pool:
        return list(pool.map(act, items))


def read_bytes(cloud: Cloud, key: str) -> tuple[bytes, Version]:
    """Return a document's bytes and version; no more than a document may have."""
    with cloud.store.open(key) as read:
        if read.meta.size > MAX_DOCUMENT:
            raise DamagedError(f"{read.meta.size} bytes are too long", where=cloud.where(key))
        return b"".join(read.chunks), read.meta.version


def read_document(
    cloud: Cloud, key: str, kind: type[R], *, sha256: str | None = None
) -> tuple[R, bytes, Version]:
    """Return a document, its bytes and its version.

    Raises:
        NotFoundError: it does not exist.
        DamagedError: it is not what it should be, or does not have the digest `sha256`.

    """
    body, version = read_bytes(cloud, key)
    if sha256 is not None and digest(body) != sha256:
        raise DamagedError(
            f"the bytes have the SHA-256 {digest(body)}, not {sha256}",
            where=cloud.where(key),
            hint="this copy is damaged or forged; use another cloud",
        )
    return decode(body, kind, where=cloud.where(key)), body, version


def write_document(cloud: Cloud, key: str, body: bytes, *, mode: PutMode) -> Version:
    """Write a document's bytes in one request and return its version."""
    return cloud.store.put(key, body, mode=mode).version


def create_same(cloud: Cloud, key: str, body: bytes) -> None:
    """Create a document; one that is there is fine, if it has the same bytes.

    Raises:
        DamagedError: it has others.

    """
    try:
        write_document(cloud, key, body, mode="create")
    except AlreadyExistsError:
        if read_bytes(cloud, key)[0] != body:
            raise DamagedError(
                "another document is there already",
                where=cloud.where(key),
                hint=f"nothing was overwritten; compare it: deployer home reconcile {cloud.name}",
            ) from None


def read_marker(cloud: Cloud) -> Marker | None:
    """Return what the store says it is, or None for one that holds no registry."""
    try:
        return read_document(cloud, layout.MARKER, Marker)[0]
    except NotFoundError as error:
        if error.kind == "bucket-not-found":
            raise
        return None


def names_below(cloud: Cloud, prefix: str) -> Iterator[str]:
    """Yield the names of the folders right below `prefix`."""
    for below in cloud.store.list_dir(prefix).prefixes:
        yield below.removeprefix(prefix).rstrip("/")
