"""A look at every endpoint of a router, for people and for `router render`."""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from deployer.errors import DeployerError
from deployer.routing.acceptance import Accepted, Seen, decide
from deployer.routing.answers import Answers, Known
from deployer.routing.probing import client_of, not_resident, probe
from deployer.routing.shares import Split
from infra.router.model import Endpoint, Router

__all__ = ["Checked", "check_all", "decision", "look", "recommended_per_try"]

PROBES = 20
ROOM = 3.0
LEAST = 0.1
STEP = 0.05
_TIMEOUT = 10.0


@dataclass(frozen=True)
class Checked:
    """What was found of one endpoint.

    Attributes:
        endpoint: which.
        seen: readiness, digest, golden answers.
        traffic: whether it may get requests, by the same rules as when a router runs.
        latencies: seconds of single-row predictions, one after the other; empty if it gave none.
        why: it gets no requests; "" if it does.

    """

    endpoint: Endpoint
    seen: Seen
    traffic: bool
    latencies: tuple[float, ...] = ()
    why: str = ""

    @property
    def reached(self) -> bool:
        """Whether it answered at all, ready or not."""
        return self.seen.ready

    def quantile(self, share: float) -> float | None:
        """Return a quantile of the latencies in seconds (nearest rank); None without any."""
        if not self.latencies:
            return None
        ordered = sorted(self.latencies)
        return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def recommended_per_try(slowest: Sequence[float]) -> float | None:
    """Return seconds for one try: three times the slowest answer seen, in steps of 50 ms.

    It should be above the model's p99.9, which a few probes cannot show; too short a time turns a
    slow model into a storm of retries, too long a one only delays failing over.

    Args:
        slowest: seconds of the slowest answer of each endpoint.

    """
    if not slowest:
        return None
    return round(max(LEAST, math.ceil(ROOM * max(slowest) / STEP) * STEP), 2)


def look(
    router: Router, answers: Callable[[str], Known], split: Split
) -> tuple[Accepted, Mapping[str, Seen]]:
    """Ask every endpoint at once; return the decision that follows, and what was seen."""

    def one(endpoint: Endpoint) -> Seen:
        return probe(endpoint, router.model, answers)

    with ThreadPoolExecutor(max_workers=max(1, len(router.endpoints))) as pool:
        found = list(pool.map(one, router.endpoints))
    seen = {each.name: result for each, result in zip(router.endpoints, found, strict=True)}
    return decide(router.endpoints, Accepted(), seen, split, time.monotonic()), seen


def check_all(router: Router, answers: Answers, *, probes: int = PROBES) -> list[Checked]:
    """Return what was found of every endpoint, in their order.

    A canary is held against its own package only, for it serves another version on purpose.
    """
    accepted, seen = look(router, answers.find, Split())

    def one(endpoint: Endpoint) -> Checked:
        found = seen[endpoint.name]
        # One that is silent now would keep the requests it had; but here it had none.
        traffic = found.ready and endpoint.name in accepted.proven
        if endpoint.canary and endpoint.resident:
            traffic = found.good
        why = "" if traffic else _why(endpoint, found, accepted)
        known = answers.at_once(found.digest) if found.digest else Known(None)
        latencies = (
            _time(endpoint, router.model, known, probes)
            if found.ready and endpoint.resident
            else ()
        )
        return Checked(endpoint, found, traffic, latencies, why)

    # One after the other: they may share a machine, and would slow each other down.
    return [one(each) for each in router.endpoints]


def decision(checked: Sequence[Checked], canary: int) -> tuple[Accepted, Split]:
    """Return what a configuration that is written once accepts, with a share for the canaries.

    Args:
        checked: of all endpoints.
        canary: per cent of the requests; the canaries' own version then may answer, too.

    """
    good = [each for each in checked if each.traffic]
    stable = [each for each in good if not each.endpoint.canary]
    wanted = min(stable, key=lambda each: each.endpoint.priority).seen.digest if stable else ""
    trial = [each.seen.digest for each in good if each.endpoint.canary]
    split = Split(canary, trial[0]) if canary and trial else Split()
    names = {
        each.endpoint.name
        for each in good
        if not each.endpoint.canary or each.seen.digest == split.digest
    }
    return Accepted(wanted=wanted, proven=frozenset(names)), split


def _why(endpoint: Endpoint, seen: Seen, accepted: Accepted) -> str:
    if reason := not_resident(endpoint):
        return reason
    if seen.reason:
        return seen.reason
    if seen.digest != accepted.wanted:
        return f"another version than the primary's, sha256:{accepted.wanted[:12]}"
    return "its golden answers are not known"


def _time(endpoint: Endpoint, model: str, known: Known, probes: int) -> tuple[float, ...]:
    if known.golden is None or probes < 1:
        return ()
    row = known.golden.rows[0]
    columns = {name: [value] for name, value in row.inputs.items()}
    seconds: list[float] = []
    try:
        with client_of(endpoint, model, _TIMEOUT) as client:
            client.predict(columns)  # opens the connection, which a proxy keeps open
            seconds.extend(client.predict(columns).seconds for _ in range(probes))
    except DeployerError:
        return tuple(seconds)
    return tuple(seconds)
