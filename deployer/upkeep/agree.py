"""Which of several copies of one record is right, and whether the others are damaged or another act's.

A record is written once and never changed, so copies that differ are either one record of which
some copies were damaged, or records of two acts that took the same number: the clouds diverged.
Damage is repaired; a divergence is for a person to decide. What tells them apart:

- Copies of one act have its id, or differ in nothing but it.
- A copy whose bytes have the digest that its writer recorded beside it was not damaged.
- An entry of a log whose digest the next entry holds was not damaged, either.
"""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from deployer.upkeep.catalog import Document

__all__ = ["Choice", "Variant", "choose"]


class Variant(NamedTuple):
    """One content that some clouds have under a key.

    Attributes:
        digest: hex SHA-256 of its bytes.
        clouds: the names of those that have it.
        witnessed: whether one of them recorded this digest when it was written.
        supported: whether a record that refers to it holds this digest.

    """

    digest: str
    record: Document
    clouds: tuple[str, ...]
    witnessed: bool
    supported: bool = False


class Choice(NamedTuple):
    """What came of it, all as digests.

    Attributes:
        right: of the variant that counts; None if that cannot be told.

    """

    right: str | None
    damaged: frozenset[str] = frozenset()
    diverged: frozenset[str] = frozenset()


def choose(variants: Sequence[Variant], home: str | None) -> Choice:
    """Return which of `variants` counts; where acts differ, that of the cloud `home`."""
    if len(variants) < 2:  # noqa: PLR2004 - nothing to choose from
        return Choice(variants[0].digest if variants else None)
    at_home = next((each for each in variants if home in each.clouds), None)
    first = at_home or max(variants, key=_rank)
    act = [each for each in variants if _same_act(each.record, first.record)]
    others = [each for each in variants if each not in act]
    if at_home is None and others:
        return Choice(None, diverged=frozenset(each.digest for each in variants))
    right = _best(act) or at_home
    if right is None:
        return Choice(None, diverged=frozenset(each.digest for each in variants))
    sure = _best(act) is not None
    damaged = {each.digest for each in act if each is not right and sure and not each.witnessed}
    rest = {each.digest for each in variants} - damaged - {right.digest}
    return Choice(right.digest, frozenset(damaged), frozenset(rest))


def _rank(variant: Variant) -> tuple[bool, bool, int]:
    return variant.supported, variant.witnessed, len(variant.clouds)


def _best(act: Sequence[Variant]) -> Variant | None:
    """Return the one that has more for it than every other; None if two are equal in that."""
    ranked = sorted(act, key=_rank, reverse=True)
    if len(ranked) > 1 and _rank(ranked[0]) == _rank(ranked[1]):
        return None
    return ranked[0]


def _same_act(one: Document, other: Document) -> bool:
    return one.txn == other.txn or msgspec.structs.replace(one, txn=other.txn) == other
