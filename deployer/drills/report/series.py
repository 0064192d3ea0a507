"""What a report's charts are drawn from: requests over time. Data only."""

from typing import Literal

import msgspec

__all__ = ["Bins", "Closeup"]


class Bins(msgspec.Struct, frozen=True):
    """Requests in slices of time; each list but `edges` has one number a slice.

    Requests of the load are counted when they were due, those that passed the fault proxy when they
    came to it.

    Attributes:
        edges: of the slices, seconds after the first fault: one more than there are. All are equally
            wide but the first and the last, which begin and end with the load.
        width: of the others, in seconds.
        right: answered by a version that is accepted.
        failed: kind of failure → how many.
        p50: milliseconds; None for a slice without requests. By nearest rank.
        p99: likewise.
        slowest: likewise.
        answered: who answered → how many, by endpoint, or by version if endpoints were not watched.
        by: which of the two.
        stores: cloud → requests to its store.
        changed: requests to stores that were met by a fault.

    """

    edges: tuple[float, ...]
    width: float
    right: tuple[int, ...]
    failed: dict[str, tuple[int, ...]]
    p50: tuple[float | None, ...]
    p99: tuple[float | None, ...]
    slowest: tuple[float | None, ...]
    answered: dict[str, tuple[int, ...]]
    by: Literal["endpoint", "version"]
    stores: dict[str, tuple[int, ...]]
    changed: tuple[int, ...]


class Closeup(msgspec.Struct, frozen=True):
    """Every request around the fault, in the order in which they were due.

    Attributes:
        start: of what is shown, seconds after the first fault.
        end: of it.
        due: seconds after the first fault.
        ms: milliseconds from then to the end of the answer.
        kind: index of `kinds`.
        kinds: kinds of failure; the first, "", is a right answer.

    """

    start: float
    end: float
    due: tuple[float, ...]
    ms: tuple[float, ...]
    kind: tuple[int, ...]
    kinds: tuple[str, ...]
