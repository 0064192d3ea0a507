"""How much of the traffic a canary gets, as weights of endpoints."""

from collections.abc import Sequence
from dataclasses import replace

import msgspec

from infra.router.model import Endpoint, Router

__all__ = ["TOTAL", "Split", "weighted"]

TOTAL = 200
"""What the weights of canaries and stable endpoints add up to; HAProxy knows none above 256."""

_WHOLE = 100


class Split(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a rollout wants of the router; ``weights.json``.

    Attributes:
        canary: per cent of the requests for the canary endpoints, from 0 to 100.
        digest: hex SHA-256 of the manifest that they may answer with; "" if none may.

    """

    canary: int = 0
    digest: str = ""

    def __post_init__(self) -> None:
        if not 0 <= self.canary <= _WHOLE:
            raise ValueError("canary must be from 0 to 100")


def weighted(router: Router, canary: int) -> Router:
    """Return the router whose canary endpoints get `canary` per cent of the requests.

    With 0, or when no canary can be used, the canaries get nothing and all else is as it was.
    Otherwise requests go by weights: the canaries share their part by their own weights, and the
    stable endpoints that would be used first share the rest. Those of later priorities get a
    weight of 1 of about 200 each: they stay ready to take over, which a weight of 0 would forbid.
    """
    usable = [each for each in router.endpoints if each.proven and each.resident and each.weight]
    trial = [each for each in usable if each.canary]
    if not canary or not trial:
        return _with(router, {each.name: 0 for each in router.endpoints if each.canary})
    stable = [each for each in usable if not each.canary]
    first, later = _first(router, stable)
    part = TOTAL * canary // _WHOLE
    weights = {
        **{each.name: 0 for each in router.endpoints},
        **_divide(trial, part),
        **_divide(first, TOTAL - part),
        **{each.name: 1 for each in later},
    }
    if canary == _WHOLE:
        weights |= {each.name: 1 for each in first}
    return replace(_with(router, weights), mode="weighted")


def _first(router: Router, stable: Sequence[Endpoint]) -> tuple[list[Endpoint], list[Endpoint]]:
    """Return the stable endpoints that would be used first, and the others."""
    if router.mode != "priority" or not stable:
        return list(stable), []
    best = min(each.priority for each in stable)
    return (
        [each for each in stable if each.priority == best],
        [each for each in stable if each.priority != best],
    )


def _with(router: Router, weights: dict[str, int]) -> Router:
    endpoints = (
        replace(each, weight=weights.get(each.name, each.weight)) for each in router.endpoints
    )
    return replace(router, endpoints=tuple(endpoints))


def _divide(endpoints: Sequence[Endpoint], part: int) -> dict[str, int]:
    """Return whole weights that add up to about `part`; rounding makes none of them 0."""
    total = sum(each.weight for each in endpoints)
    return {
        each.name: max(1, round(part * each.weight / total)) if part else 0 for each in endpoints
    }
