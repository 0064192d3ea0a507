"""A reader who looks at clouds over and over while something happens to them."""

import contextlib
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Self

from deployer.errors import MissingError
from deployer.registry.cloud import Cloud
from deployer.registry.format.names import Reference
from deployer.registry.reading.pull import pull
from providers.errors import NotFoundError
from tests.deployer.registry.registry_kit import audit, read_tree

__all__ = ["Reader", "live_audit", "pull_files"]

DEADLINE = 60.0
PAUSE = 0.02


class _Live(dict[str, bytes]):
    """What a listing found; what it did not, written since, is read when it is asked for."""

    def __init__(self, cloud: Cloud) -> None:
        super().__init__()
        self._driver = cloud.store.driver
        for meta in self._driver.list(""):
            with contextlib.suppress(KeyError):  # removed since it was listed
                self[meta.key] = self[meta.key]

    def __missing__(self, key: str) -> bytes:
        try:
            with self._driver.get(key) as read:
                return b"".join(read.chunks)
        except Exception as error:
            kind = self._driver.classify(error)
            if kind is not None and kind.value == NotFoundError.kind.value:
                raise KeyError(key) from error
            raise


def live_audit(cloud: Cloud) -> dict[str, list[int]]:
    """Audit a store while others write to it, past the code under test.

    A listing is no snapshot, so what was not listed is asked for by its key: whatever something
    refers to was there before it.
    """
    return audit(_Live(cloud))


def pull_files(cloud: Cloud, reference: Reference) -> dict[str, bytes] | None:
    """Return the files of a version as `pull` delivers them; None if there is no such version."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "out"
        try:
            pull([cloud], reference, target, progress=lambda _: None, begin=lambda _: None)
        except MissingError:
            return None
        return read_tree(target)


class Reader:
    """Looks at each of some clouds in a thread of its own until the ``with`` block ends.

    Args:
        look: raises for what must not be seen.

    """

    def __init__(self, clouds: Sequence[Cloud], look: Callable[[Cloud], object]) -> None:
        self.look = look
        self.looks = dict.fromkeys((cloud.name for cloud in clouds), 0)
        self.wrong: list[str] = []
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._loop, args=(cloud,)) for cloud in clouds]

    def _loop(self, cloud: Cloud) -> None:
        # The pause leaves the machine to those who are looked at.
        while not self._stop.wait(PAUSE):
            try:
                self.look(cloud)
            except Exception as error:  # noqa: BLE001 - reported by the test
                self.wrong.append(f"{cloud.name}: {error!r}")
            self.looks[cloud.name] += 1

    def wait_for_a_look(self) -> None:
        """Wait until every cloud was looked at anew, from beginning to end."""
        wanted = {name: count + 2 for name, count in self.looks.items()}
        until = time.monotonic() + DEADLINE
        while any(self.looks[name] < count for name, count in wanted.items()):
            assert time.monotonic() < until, "the reader is stuck"
            self._stop.wait(0.005)

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()
