"""Which endpoints get requests, and in what order: the part that all renderers share."""

import math
from typing import NamedTuple

from infra.router.areas import distance
from infra.router.errors import NoEndpointError
from infra.router.model import Endpoint, Router

__all__ = ["Placed", "left_out", "pick_attempts", "place", "reason_out"]

_MOST_ATTEMPTS = 10_000


class Placed(NamedTuple):
    """An endpoint that gets requests, and its level: 0 is used first."""

    level: int
    endpoint: Endpoint


def reason_out(router: Router, endpoint: Endpoint) -> str:
    """Return why `endpoint` gets no requests; "" if it gets some."""
    if not endpoint.resident:
        return "the model's residency does not allow it"
    if not endpoint.proven:
        return "its golden predictions were not seen to equal the primary's"
    if endpoint.weight == 0:
        return "its weight is 0"
    if endpoint.canary and router.mode != "weighted":
        return "it is a canary, and only mode weighted sends requests to one"
    return ""


def left_out(router: Router) -> dict[str, str]:
    """Return name → why, of the endpoints that get no requests."""
    reasons = {each.name: reason_out(router, each) for each in router.endpoints}
    return {name: reason for name, reason in reasons.items() if reason}


def place(router: Router) -> tuple[Placed, ...]:
    """Return the endpoints that get requests, first used first; levels are 0, 1, 2 … .

    Priority: the endpoints' own, without gaps. Weighted: all on one level. Locality: the router's
    region, then its part of the world on any cloud, then the rest; within each of these by
    priority. Within a level the heavier go first.

    Raises:
        NoEndpointError: none is left.

    """
    out = left_out(router)
    used = [each for each in router.endpoints if each.name not in out]
    if not used:
        why = "; ".join(f"{name}: {reason}" for name, reason in out.items()) or "there is none"
        raise NoEndpointError(f"no endpoint of {router.model} may get requests: {why}")
    keys = {each.name: _key(router, each) for each in used}
    levels = {key: level for level, key in enumerate(sorted(set(keys.values())))}
    placed = [Placed(levels[keys[each.name]], each) for each in used]
    return tuple(sorted(placed, key=lambda one: (one.level, -one.endpoint.weight)))


def pick_attempts(router: Router) -> int:
    """Return how often a retry must draw until it surely left the endpoint that just failed.

    Envoy draws by weighted round robin and draws again if it got a host that was tried; with
    weights of 99 and 1, the other comes once in 100 draws.
    """
    shares = []
    placed = place(router)
    for level in {one.level for one in placed}:
        weights = [one.endpoint.weight for one in placed if one.level == level]
        shares.append(math.ceil(sum(weights) / min(weights)))
    return min(max(shares) + 1, _MOST_ATTEMPTS)


def _key(router: Router, endpoint: Endpoint) -> tuple[int, int]:
    if router.mode == "weighted":
        return (0, 0)
    far = distance(router.region, endpoint.region) if router.mode == "locality" else 0
    return (far, endpoint.priority)
