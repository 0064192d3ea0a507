"""A store over a script of faults over memory."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import pytest

from providers.faulty import Fault, FaultyDriver
from providers.memory import MemoryDriver
from providers.store import Store, StoreOptions
from tests.providers.harness import Recorder, payload

__all__ = ["ATTEMPTS", "BODIES", "EVER", "LARGE", "OPTIONS", "PART", "SMALL", "Scene", "scene"]

PART = 1000
ATTEMPTS = 4
SMALL = payload(100)
LARGE = payload(3 * PART + 100)
OPTIONS = StoreOptions(part_size=PART, attempts=ATTEMPTS)
EVER = 1000
BODIES = [pytest.param(SMALL, id="small"), pytest.param(LARGE, id="large")]


class Scene:
    """A store over a script of faults over memory; `calls` counts what reached the driver."""

    def __init__(
        self, script: Sequence[Fault], before: Callable[[str, int], None] | None = None
    ) -> None:
        self.memory = MemoryDriver()
        self.faulty = FaultyDriver(self.memory, script)
        self.recorder, driver = Recorder.around(self.faulty, before)
        self.store = Store(driver, OPTIONS)

    def calls(self, op: str) -> int:
        return self.recorder.ops().count(op)

    def body(self, key: str) -> bytes:
        return self.memory.objects[key][0]


@contextmanager
def scene(*script: Fault, before: Callable[[str, int], None] | None = None) -> Iterator[Scene]:
    """Yield a scene; at its end every fault of its script must have fired."""
    acted = Scene(script, before)
    with acted.store:
        yield acted
    acted.faulty.assert_exhausted()
