"""What an estimate is made of: items of quantity and price, by functions for each type."""

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from infra.resources import Program, Resource
from infra.review.tokens import number, plain
from infra.review.usage import Usage

__all__ = ["Context", "Estimator", "Need", "amount", "fixed", "store"]


class Need(NamedTuple):
    """So much of something that has a price.

    Attributes:
        what: for people.
        quantity: a month, in the price's unit.
        key: of the price.

    """

    what: str
    quantity: float
    key: str


class Context(NamedTuple):
    """What an estimate may look at, beside the resource.

    Attributes:
        program: that the resource is in.
        usage: what is assumed.
        counts: type → resources of it in the program.

    """

    program: Program
    usage: Usage
    counts: Mapping[str, int]

    def share(self, resource: Resource) -> float:
        """Return what part of a use that is known as a whole falls on one resource of its type."""
        return 1 / max(1, self.counts.get(plain(resource.type), 0))


Estimator = Callable[[Resource, Context], Iterable[Need]]


def amount(value: object, default: float) -> float:
    """Return a number of the inputs, or what holds if it is not said."""
    found = number(value)
    return default if found is None else found


def fixed(what: str, key: str, quantity: float = 1) -> Estimator:
    """Return an estimator of what costs the same however it is used."""
    return lambda *_: [Need(what, quantity, key)]


def store(prefix: str, storage: str = "storage") -> Estimator:
    """Return an estimator of a bucket: the registry's contents, one read for each new version."""

    def estimate(resource: Resource, context: Context) -> Iterable[Need]:
        usage, share = context.usage, context.share(resource)
        # A version is about ten objects: its files, a manifest, an alias that moves.
        changed = usage.new_versions * 10 / 1000 * share
        yield Need("storage", usage.store_gb * share, f"{prefix}.{storage}")
        yield Need("writes", changed, f"{prefix}.writes")
        yield Need("reads", changed * 10, f"{prefix}.reads")

    return estimate
