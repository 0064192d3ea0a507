"""Adding up what the proxy and the probes saw in one step."""

import contextlib

from deployer.routing.canary.bounds import quantile
from deployer.routing.canary.judging import Evidence
from deployer.routing.canary.pairs import Pairs
from deployer.routing.canary.stages import StepReport
from deployer.routing.folder import RouterFolder, Status
from deployer.routing.proxies import counts_of
from deployer.routing.statistics import Counts, grown

__all__ = ["Counting", "report_of"]


class Counting:
    """Adds the proxy's counts up, over reloads after which it counts from 0 again."""

    def __init__(self, folder: RouterFolder) -> None:
        self._folder = folder
        self._last: dict[str, Counts] | None = None
        self._sum: dict[str, Counts] = {}

    def evidence(self, status: Status, pairs: Pairs, available: int) -> Evidence:
        """Return all that was seen since the step began."""
        with contextlib.suppress(OSError, ValueError):
            now = counts_of(status, self._folder)
            for name, counts in now.items():
                before = (self._last or now).get(name, Counts())
                self._sum[name] = _plus(self._sum.get(name, Counts()), grown(before, counts))
            self._last = now
        probed = pairs.take()
        trial = {each.name for each in status.endpoints if each.canary}
        canary, stable = probed.canary, probed.stable
        for name, counts in self._sum.items():
            if name in trial:
                canary = _plus(canary, counts)
            else:
                stable = _plus(stable, counts)
        return Evidence(
            canary=canary,
            stable=stable,
            canary_seconds=probed.canary_seconds,
            stable_seconds=probed.stable_seconds,
            rows=len(probed.labels),
            different=probed.different,
            available=available,
        )


def _plus(one: Counts, other: Counts) -> Counts:
    return Counts(one.requests + other.requests, one.failed + other.failed)


def report_of(per_cent: int, seconds: float, seen: Evidence, verdict: str) -> StepReport:
    """Return what was seen of a step that is over."""

    def at(values: list[float], part: float) -> float | None:
        return quantile(values, part) if values else None

    new, old = list(seen.canary_seconds), list(seen.stable_seconds)
    return StepReport(
        share=per_cent,
        seconds=round(seconds, 3),
        requests=seen.canary.requests,
        failed=seen.canary.failed,
        stable_requests=seen.stable.requests,
        stable_failed=seen.stable.failed,
        p50=at(new, 0.5),
        p99=at(new, 0.99),
        stable_p50=at(old, 0.5),
        stable_p99=at(old, 0.99),
        rows=seen.rows,
        different=seen.different,
        verdict=verdict,
    )
