"""Does a store keep the promises that a registry stands on? Ask it, do not believe it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import uuid4

from providers.errors import AlreadyExistsError, PreconditionError, UnsupportedError
from providers.model import Version

if TYPE_CHECKING:
    from providers.store import Store

__all__ = ["Preconditions", "verify_preconditions"]

PROBE_PREFIX = "deployer-probe/"


@dataclass(frozen=True, slots=True)
class Preconditions:
    """What a store was seen to do.

    Attributes:
        create: a second create-only write of one key is refused.
        update: a write that names a stale version is refused.
        checksum: an upload whose checksum is wrong is refused. Not all stores check; a registry
            can live without it, since it verifies what it wrote.

    """

    create: bool
    update: bool
    checksum: bool


def verify_preconditions(store: "Store") -> Preconditions:
    """Write a probe, try to break the rules on it, remove it, and return what happened.

    Raises:
        UnsupportedError: the store lets a create-only or a compare-and-swap write pass that it
            must refuse. Two publishers would silently overwrite each other.

    """
    key = f"{PROBE_PREFIX}{uuid4().hex}"
    try:
        first = store.put(key, b"first", mode="create")
        create = _refused(store, key, "create")
        store.put(key, b"second", mode="overwrite")
        update = _refused(store, key, first.version)
    finally:
        store.delete(key)
    checksum = store.calls.retrying("put", key, lambda: store.driver.refuses_wrong_checksum(key))
    if not (create and update):
        broken = "create-only" if not create else "compare-and-swap"
        raise UnsupportedError(
            f"the store ignores preconditions: a {broken} write that it must refuse went through",
            op="verify_preconditions",
            url=store.url,
            hint="use a store with conditional writes; publishers would overwrite each other here",
        )
    return Preconditions(create=create, update=update, checksum=checksum)


def _refused(store: "Store", key: str, mode: Version | str) -> bool:
    try:
        if isinstance(mode, Version):
            store.put(key, b"third", mode=mode)
        else:
            store.put(key, b"third", mode="create")
    except (AlreadyExistsError, PreconditionError):
        return True
    return False
