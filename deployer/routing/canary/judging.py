"""Whether a step of a rollout may go on. Pure.

Three answers for each bound: *crossed* if even the favourable end of the interval is beyond it;
*within* if what was seen is within it, and enough was seen; else *open*: watch on. So a few unlucky
requests end no rollout, and a few lucky ones pass no step.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from deployer.routing.canary.bounds import quantile, quantile_bounds, wilson
from deployer.routing.statistics import Counts

__all__ = ["Evidence", "Limits", "Verdict", "judge"]

NOTHING = Counts()
MIN_REQUESTS = 30
MIN_HITS = 3
"""Failures, or rows, that may be bad luck however few were seen; one of two is no share of 50 %."""
MEDIAN, TAIL = 0.5, 0.95
P99 = 0.99


@dataclass(frozen=True)
class Limits:
    """What the new version may not exceed.

    Attributes:
        error_rate: share of its requests that fail.
        latency_ratio: its latency over the stable version's, at the median and at p95; None for
            no such bound.
        p99: seconds of its p99; None for no such bound.
        disagreement: share of the rows that it gives another label than the stable version.
        requests: that must have been seen of it before a step can pass.

    """

    error_rate: float = 0.01
    latency_ratio: float | None = 1.5
    p99: float | None = None
    disagreement: float = 0.02
    requests: int = MIN_REQUESTS


@dataclass(frozen=True)
class Evidence:
    """What was seen in a step.

    Attributes:
        canary: the proxy's counts of the new version's endpoints, and probes of them.
        stable: the same of the stable version's.
        canary_seconds: of probes, one row each.
        stable_seconds: of the same probes of the stable version.
        rows: that both versions were asked; each counts once, however often it was asked.
        different: of these, how many got another label.
        available: how many rows there are to ask.

    """

    canary: Counts = NOTHING
    stable: Counts = NOTHING
    canary_seconds: Sequence[float] = field(default=())
    stable_seconds: Sequence[float] = field(default=())
    rows: int = 0
    different: int = 0
    available: int = 0


@dataclass(frozen=True)
class Verdict:
    """Of all bounds.

    Attributes:
        crossed: in one line, the bound that was crossed; "" if none was.
        open: in one line, what is not shown yet; "" if the step may pass.

    """

    crossed: str = ""
    open: str = ""

    @property
    def passed(self) -> bool:
        """Whether everything is within its bound."""
        return not self.crossed and not self.open


def judge(seen: Evidence, limits: Limits) -> Verdict:
    """Return what the evidence says."""
    findings = [*_errors(seen, limits), *_latency(seen, limits), *_rows(seen, limits)]
    crossed = [each.crossed for each in findings if each.crossed]
    open_ = [each.open for each in findings if each.open]
    return Verdict(crossed[0] if crossed else "", open_[0] if open_ else "")


def _errors(seen: Evidence, limits: Limits) -> Iterator[Verdict]:
    count, failed = seen.canary.requests, seen.canary.failed
    said = f"{failed} of {count} requests failed, allowed are {limits.error_rate:.2%}"
    if _beyond(failed, count, limits.error_rate):
        yield Verdict(crossed=said)
    elif count < limits.requests:
        yield Verdict(open=f"only {count} of {limits.requests} requests were seen")
    elif failed / count > limits.error_rate:
        yield Verdict(open=said)


def _latency(seen: Evidence, limits: Limits) -> Iterator[Verdict]:
    new, old = seen.canary_seconds, seen.stable_seconds
    bounded = limits.p99 is not None or limits.latency_ratio is not None
    if bounded and len(new) < limits.requests:
        yield Verdict(open=f"only {len(new)} of {limits.requests} latencies were measured")
    if limits.p99 is not None and new:
        low = quantile_bounds(new, P99)[0]
        said = f"p99 is {_ms(quantile(new, P99))}, allowed are {_ms(limits.p99)}"
        if low is not None and low > limits.p99:
            yield Verdict(crossed=said)
        elif quantile(new, P99) > limits.p99:
            yield Verdict(open=said)
    if limits.latency_ratio is not None and new and old:
        for share in (MEDIAN, TAIL):
            yield from _ratio(new, old, share, limits.latency_ratio)


def _ratio(
    new: Sequence[float], old: Sequence[float], share: float, limit: float
) -> Iterator[Verdict]:
    mine, theirs = quantile(new, share), quantile(old, share)
    said = f"p{share * 100:.0f} is {_ms(mine)}, {_ms(theirs)} of the stable version; allowed is {limit:g} times as long"
    low, high = quantile_bounds(new, share)[0], quantile_bounds(old, share)[1]
    if low is not None and high is not None and low > limit * high:
        yield Verdict(crossed=said)
    elif share == MEDIAN and mine > limit * theirs:
        # Not so at p95, which a neighbour's work on the machine moves about.
        yield Verdict(open=said)


def _rows(seen: Evidence, limits: Limits) -> Iterator[Verdict]:
    said = f"{seen.different} of {seen.rows} rows got another label, allowed are {limits.disagreement:.2%}"
    if _beyond(seen.different, seen.rows, limits.disagreement):
        yield Verdict(crossed=said)
    elif seen.rows < seen.available or not seen.rows:
        yield Verdict(open=f"only {seen.rows} of {seen.available} rows were compared")
    elif seen.different / seen.rows > limits.disagreement:
        yield Verdict(open=said)


def _beyond(hits: int, count: int, limit: float) -> bool:
    return hits >= MIN_HITS and wilson(hits, count)[0] > limit


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms"
