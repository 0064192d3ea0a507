"""Everything out of a bucket, old versions among it, so that its cloud lets it be deleted."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import NamedTuple, Protocol, runtime_checkable

from providers.store import Store

__all__ = ["OldVersion", "Versioned", "empty"]


class OldVersion(NamedTuple):
    """One version of one object, the current one or a mark of its deletion too.

    Attributes:
        key: of the object.
        id: by which its cloud knows the version.

    """

    key: str
    id: str


@runtime_checkable
class Versioned(Protocol):
    """A driver whose cloud keeps what was overwritten or deleted, and counts it as content."""

    def versions(self) -> Iterator[Sequence[OldVersion]]:
        """Yield every version of every object, a page at a time."""

    def delete_versions(self, page: Sequence[OldVersion]) -> None:
        """Remove them for good; one that is gone is no error."""


def empty(store: Store) -> int:
    """Delete all objects of a store for good and return how many there were, versions counted.

    A store whose driver is not `Versioned` loses its objects alone: its cloud deletes a container
    with what is left in it.

    Raises:
        StoreError: something could not be deleted; what was deleted is gone.

    """
    driver = store.driver
    if isinstance(driver, Versioned):
        return _without_versions(store, driver)
    keys = [meta.key for meta in store.list()]
    with ThreadPoolExecutor(store.options.workers) as pool:
        list(pool.map(store.delete, keys))
    return len(keys)


def _without_versions(store: Store, driver: Versioned) -> int:
    # All at once: pages that follow on what is deleted meanwhile could skip some of it.
    pages = store.calls.retrying("list", "", lambda: list(driver.versions()))
    for page in pages:
        store.calls.retrying("delete", page[0].key, partial(driver.delete_versions, page))
    return sum(map(len, pages))
