"""Watching endpoints in the background: one thread each, so that one that hangs delays no other."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from deployer.routing.acceptance import Seen
from deployer.routing.answers import Known
from deployer.routing.probing import READY_TIMEOUT, client_of, golden_of
from infra.router.model import Endpoint

__all__ = ["Watcher"]

EVERY = 1.0
GOLDEN_EVERY = 30.0
GOLDEN_AGAIN = 2.0


class Watcher:
    """What is last known of each endpoint.

    Args:
        endpoints: to watch.
        model: their model's name.
        answers: golden answers by digest; must return at once.
        every: seconds between two looks at the readiness; golden rows are sent when the digest
            changes, and every 30 s.

    """

    def __init__(
        self,
        endpoints: Sequence[Endpoint],
        model: str,
        answers: Callable[[str], Known],
        *,
        every: float = EVERY,
    ) -> None:
        self._model = model
        self._answers = answers
        self._every = every
        self._lock = threading.Lock()
        self._seen: dict[str, Seen] = {}
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._watch, args=(each,), daemon=True) for each in endpoints
        ]

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End; threads that wait for an endpoint end by themselves."""
        self._stop.set()

    @property
    def seen(self) -> dict[str, Seen]:
        """What was last seen, by name; endpoints that were not asked yet are missing."""
        with self._lock:
            return dict(self._seen)

    def _watch(self, endpoint: Endpoint) -> None:
        proof = Seen(False)
        at = 0.0
        with client_of(endpoint, self._model, READY_TIMEOUT) as client:
            while not self._stop.is_set():
                found = client.ready()
                now = time.monotonic()
                if not found.ok:
                    # Back from wherever it was, it is asked anew.
                    seen = proof = Seen(False, reason=found.reason or "not ready")
                else:
                    wait = GOLDEN_EVERY if proof.repeats else GOLDEN_AGAIN
                    if found.digest != proof.digest or now >= at + wait:
                        proof = golden_of(endpoint, self._model, found.digest, self._answers)
                        at = now
                    seen = replace(proof, ready=True)
                with self._lock:
                    self._seen[endpoint.name] = seen
                self._stop.wait(self._every)
