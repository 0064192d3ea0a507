"""Golden answers repeated for those that ask whether a model is ready."""

import asyncio
import time

from deployer.serving.models import Models, Served

__all__ = ["Proofs"]

_AGE = 1.0
"""Seconds for which a result is believed."""


class Proofs:
    """Readiness of models.

    Whoever may ask for readiness needs no key, and an answer costs an inference: who asks while
    one is under way, or shortly after it, gets its result.
    """

    def __init__(self, models: Models) -> None:
        self._models = models
        self._known: dict[str, tuple[float, asyncio.Task[str]]] = {}

    async def one(self, served: Served) -> bool:
        """Return whether a version repeats its golden answers, and the process is to stay."""
        if self._models.draining:
            return False
        now = time.monotonic()
        known = self._known.get(served.digest)
        if known is None or (known[1].done() and now - known[0] >= _AGE):
            task = asyncio.create_task(asyncio.to_thread(served.prove))
            kept = {digest: each for digest, each in self._known.items() if now - each[0] < _AGE}
            known = now, task
            self._known = {**kept, served.digest: known}
        # One client that goes away must not take the answer from the others.
        return not await asyncio.shield(known[1])

    async def all(self, expected: str) -> bool:
        """Return whether there are models, each of them is ready, and an expected one among them.

        Args:
            expected: digests of which one must be served, separated by commas; "" for any.

        """
        models = self._models.all()
        if expected:
            accepted = {each.strip().removeprefix("sha256:") for each in expected.split(",")}
            if accepted.isdisjoint(each.digest for each in models):
                return False
        return bool(models) and all([await self.one(each) for each in models])
