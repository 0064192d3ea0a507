"""The load generator of drills, inside a test's own event loop."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from deployer.drills.evidence.records import Request
from deployer.drills.load.generator import Generator, Target

__all__ = ["Load", "Result", "Target"]

GIVE_UP = 10.0


@dataclass
class Result:
    """Of all requests."""

    outcomes: list[Request] = field(default_factory=list)

    def failed(self, digests: Sequence[str]) -> list[Request]:
        """Return the outcomes that are no answer of a wanted version."""
        return [each for each in self.outcomes if each.status != 200 or each.digest not in digests]

    def between(self, begin: float, end: float) -> "Result":
        """Return the outcomes of requests that were due in a span of time."""
        return Result([each for each in self.outcomes if begin <= each.due < end])

    @property
    def longest(self) -> float:
        """Seconds of the slowest."""
        return max((each.seconds for each in self.outcomes), default=0.0)

    def quantile(self, share: float) -> float:
        """Seconds that `share` of the requests took at most."""
        ordered = sorted(each.seconds for each in self.outcomes)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]

    def kinds(self) -> Counter[str]:
        """Count the outcomes by status or error."""
        return Counter(each.error or str(each.status) for each in self.outcomes)


class Load:
    """Sends requests at a steady rate until stopped or until there were enough."""

    def __init__(self, target: Target, rate: float, count: int | None = None) -> None:
        self.result = Result()
        self._generator = Generator(
            target, rate=rate, give_up=GIVE_UP, tell=self.result.outcomes.append, count=count
        )

    def stop(self) -> None:
        """Begin no more requests."""
        self._generator.stop()

    async def run(self) -> Result:
        """Send all requests and wait for their answers."""
        await self._generator.run()
        return self.result
