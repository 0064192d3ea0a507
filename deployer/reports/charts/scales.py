"""Numbers to positions, and ticks at round numbers."""

import itertools
import math
import sys
from collections.abc import Iterable
from dataclasses import dataclass

from deployer.reports.charts.text import compact, decimals, fixed

__all__ = ["Scale", "nice_ticks", "scale", "tick_labels"]

_NICE = (1.0, 2.0, 5.0, 10.0)


@dataclass(frozen=True, kw_only=True)
class Scale:
    """A linear map of [low, high] to [start, end]; what is beyond is held at the ends.

    Attributes:
        low: the least number, finite and less than `high`.
        high: the greatest.
        start: where `low` is drawn; may be greater than `end`, as with heights.
        end: where `high` is.

    """

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """Return the position of `value`."""
        if math.isnan(value):
            raise ValueError("NaN has no position")
        # Halves, so that the span of the largest floats does not overflow.
        share = (value / 2 - self.low / 2) / (self.high / 2 - self.low / 2)
        return self.start + min(max(share, 0.0), 1.0) * (self.end - self.start)


def scale(
    values: Iterable[float], start: float, end: float, *, include: Iterable[float] = ()
) -> Scale:
    """Return the scale over the finite ones of `values` and `include`, never of width zero."""
    finite = [value for value in (*values, *include) if math.isfinite(value)] or [0.0, 1.0]
    low, high = min(finite), max(finite)
    # A difference that floats can hardly tell makes ticks that are all alike.
    if high / 2 - low / 2 <= 1e-12 * max(abs(low), abs(high)):
        room = abs(low) / 10 or 0.5
        low, high = low - room, high + room
        low, high = max(low, -sys.float_info.max), min(high, sys.float_info.max)
    return Scale(low=low, high=high, start=start, end=end)


def nice_ticks(low: float, high: float, most: int = 5) -> list[float]:
    """Return at most `most` + 1 round numbers in [low, high], evenly apart, ascending.

    Steps are 1, 2 or 5 times a power of ten (P. S. Heckbert, Nice Numbers for Graph Labels,
    Graphics Gems, 1990). An empty or infinite range has the ticks that there are: its ends.
    """
    if not (math.isfinite(low) and math.isfinite(high)) or high <= low:
        return [low] if math.isfinite(low) else []
    raw = high / most - low / most
    # Steps that a float can hardly hold: the ends say what there is to say.
    if not max(1e-300, 4 * math.ulp(max(-low, high))) < raw < 1e300:  # noqa: PLR2004
        return [low, high]
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * nice for nice in _NICE if power * nice >= raw * (1 - 1e-9))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    # Rounded, because 3 * 0.1 is not 0.3; and + 0.0 makes -0.0 zero.
    places = max(0, 1 - math.floor(math.log10(step)))
    return [round(i * step, min(places, 300)) + 0.0 for i in range(first, last + 1)]


def tick_labels(ticks: list[float]) -> list[str]:
    """Return labels that tell `ticks` apart, all with as many decimals: ``0.0``, ``0.5``."""
    if len(ticks) < 2:  # noqa: PLR2004 - no step between fewer
        return [compact(tick) for tick in ticks]
    step = min(b - a for a, b in itertools.pairwise(ticks))
    places = decimals(step)
    largest = max(abs(tick) for tick in ticks)
    if places > 4 or largest >= 1e6:  # noqa: PLR2004 - too wide for an axis
        return [_short(tick, step) if tick else "0" for tick in ticks]
    return [fixed(tick, places) if places else compact(tick) for tick in ticks]


def _short(tick: float, step: float) -> str:
    apart = math.log10(abs(tick)) - math.log10(step) if 0 < step < math.inf else 2.0
    digits = min(max(1, math.ceil(apart - 1e-9) + 1), 15)
    return f"{tick:.{digits}g}".replace("e+0", "e").replace("e+", "e").replace("e-", "e\u2212")
