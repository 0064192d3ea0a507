"""Which versions may answer through the router, and which endpoints may get requests.

Pure: from what was seen of the endpoints to a decision. The rules:

* The primary, the first stable endpoint by priority, says which version is wanted, once its golden
  answers have been seen to be those of that version's own package. A version that no package is
  known of is never accepted, so an endpoint that serves something else by mistake cannot spread it.
  While at least as many others go on with the version that was wanted, it is followed only after
  :data:`SETTLE` seconds: endpoints follow an alias within a few, and whoever serves another
  version for longer is not in the middle of that.
* When the wanted version changes, the one before stays accepted for :data:`GRACE` seconds:
  endpoints follow an alias one after the other, and keep the version before at hand meanwhile.
* An endpoint gets requests if it is ready, its version is accepted, and its golden answers were
  repeated. One that does not answer keeps what it had: the proxy's own health checks take it out
  and in again, also while nobody runs this code.
* If endpoints are ready but none with an accepted version, the best of theirs is adopted: a
  router that insisted would be the outage.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from deployer.routing.shares import Split
from infra.router.model import Endpoint, Router

__all__ = [
    "GRACE",
    "PATIENCE",
    "SETTLE",
    "Accepted",
    "Seen",
    "apply",
    "decide",
    "digests_of",
    "in_order",
]

GRACE = 30.0
"""Seconds that the version before the wanted one may answer, too."""

SETTLE = 30.0
"""Seconds until a primary is followed that the others contradict."""

PATIENCE = 10.0
"""Seconds without any accepted endpoint, after which one is taken whose package cannot be had."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What was last seen of an endpoint.

    Attributes:
        ready: whether it said so.
        digest: hex SHA-256 that it reported, "" if it did not answer.
        repeats: whether it gave the golden answers of that digest's package; None if that could
            not be asked yet, such as while every store is away.
        reason: why it may get no requests, for people; "" if nothing is wrong.

    """

    ready: bool
    digest: str = ""
    repeats: bool | None = None
    reason: str = ""

    @property
    def good(self) -> bool:
        """Whether it is ready, and answers as its version must."""
        return self.ready and self.repeats is True

    @property
    def undecided(self) -> bool:
        """Whether it is ready, and its answers are not known yet."""
        return self.ready and self.repeats is None


@dataclass(frozen=True, slots=True)
class Accepted:
    """The decision.

    Attributes:
        wanted: digest that answers; "" before any was accepted.
        previous: the one before, while it may answer too.
        since: seconds, by the clock that `decide` is given, when `wanted` was accepted.
        proven: names of the endpoints that may get requests.
        lost: seconds, by the same clock, since when no endpoint was acceptable; None if one is.
        doubt: digest that the primary alone says; "" if nobody contradicts it.
        doubted: seconds, by the same clock, since when.

    """

    wanted: str = ""
    previous: str = ""
    since: float = 0.0
    proven: frozenset[str] = frozenset()
    lost: float | None = None
    doubt: str = ""
    doubted: float = 0.0


def in_order(endpoints: Sequence[Endpoint]) -> list[Endpoint]:
    """Return the stable endpoints that may be used at all, the primary first."""
    stable = [each for each in endpoints if each.resident and not each.canary]
    return sorted(stable, key=lambda each: each.priority)


def decide(
    endpoints: Sequence[Endpoint],
    before: Accepted,
    seen: Mapping[str, Seen],
    split: Split,
    now: float,
) -> Accepted:
    """Return what may answer from now on.

    Args:
        endpoints: all of the router's.
        before: the last decision; ``Accepted()`` at first.
        seen: by name of the endpoint; one that was not asked yet is missing.
        split: what a rollout wants.
        now: seconds of a clock that never goes back.

    """
    stable = in_order(endpoints)
    after = replace(before, previous=before.previous if now < before.since + GRACE else "")
    doubt = _doubt(stable, after, seen)
    if doubt != after.doubt:
        after = replace(after, doubt=doubt, doubted=now)
    wanted = _wanted(stable, after, seen, now)
    if wanted != after.wanted:
        after = replace(after, wanted=wanted, previous=after.wanted, since=now)
    versions = {after.wanted, after.previous} - {""}
    proven = {
        each.name
        for each in endpoints
        if each.resident
        and _is_proven(
            seen.get(each.name),
            {split.digest} - {""} if each.canary else versions,
            was=each.name in before.proven,
        )
    }
    able = any(_answers(seen.get(each.name), versions) for each in stable)
    lost = None if able else now if before.lost is None else before.lost
    return replace(after, proven=frozenset(proven), lost=lost)


def digests_of(accepted: Accepted, split: Split) -> tuple[str, ...]:
    """Return the digests that may answer, the wanted one first."""
    trial = split.digest if split.canary else ""
    return tuple(dict.fromkeys(filter(None, (accepted.wanted, accepted.previous, trial))))


def apply(router: Router, accepted: Accepted, split: Split) -> Router:
    """Return the router with the decision in it; the weights are :func:`.shares.weighted`'s."""
    return replace(
        router,
        digests=digests_of(accepted, split),
        endpoints=tuple(
            replace(each, proven=each.name in accepted.proven) for each in router.endpoints
        ),
    )


def _answers(seen: Seen | None, versions: set[str]) -> bool:
    return seen is not None and seen.ready and seen.digest in versions and seen.repeats is not False


def _doubt(stable: Sequence[Endpoint], before: Accepted, seen: Mapping[str, Seen]) -> str:
    """Return the digest that the primary says, if at least as many say the one that was wanted."""
    found = [seen[each.name] for each in stable if each.name in seen and seen[each.name].good]
    primary = seen.get(stable[0].name) if stable else None
    if primary is None or not primary.good or primary.digest == before.wanted:
        return ""
    counts = Counter(each.digest for each in found)
    kept = counts[before.wanted]
    return primary.digest if kept and kept >= counts[primary.digest] else ""


def _wanted(
    stable: Sequence[Endpoint], before: Accepted, seen: Mapping[str, Seen], now: float
) -> str:
    """Return the digest that shall answer."""
    primary = seen.get(stable[0].name) if stable else None
    if primary is not None and primary.good:
        doubtful = before.doubt and now < before.doubted + SETTLE
        return before.wanted if doubtful else primary.digest
    versions = {before.wanted, before.previous} - {""}
    if any(_answers(seen.get(each.name), versions) for each in stable):
        return before.wanted
    ready = [seen[each.name] for each in stable if each.name in seen and seen[each.name].ready]
    candidates = [each.digest for each in ready if each.repeats]
    if not candidates and before.lost is not None and now >= before.lost + PATIENCE:
        # Their own readiness is a golden inference, too; only our second look is missing.
        candidates = [each.digest for each in ready if each.repeats is None and each.digest]
    if not candidates:
        return before.wanted
    counts = Counter(candidates)
    return max(counts, key=lambda digest: (counts[digest], -candidates.index(digest)))


def _is_proven(seen: Seen | None, versions: set[str], *, was: bool) -> bool:
    if seen is None or not seen.ready:
        return was
    if seen.digest not in versions or seen.repeats is False:
        return False
    # Its version is accepted by what another endpoint showed; until it was asked itself, the
    # proxy's own demand for an accepted digest is what guards the clients.
    return True if seen.repeats else was
