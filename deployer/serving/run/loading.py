"""In a worker: from the file that says what to answer with, to what answers."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

from deployer.errors import DeployerError, FailedError
from deployer.packaging.load import load_package
from deployer.serving.models import Models, Served
from deployer.serving.run.state import Event, Placed, State, read_state
from deployer.serving.telemetry.metrics import Telemetry

__all__ = ["Loader"]


class Loader:
    """Brings the models of a process in line with the state file.

    A version that cannot be loaded, or does not repeat its golden answers, changes nothing: what
    answered before goes on. Models are loaded in a thread, one at a time.

    Args:
        path: of the state file.
        models: to bring in line.
        telemetry: counts loads.
        tell: takes what the supervisor shall know.

    Attributes:
        complete: set while every model of the file is loaded.

    """

    def __init__(
        self, path: Path, models: Models, telemetry: Telemetry, tell: Callable[[Event], None]
    ) -> None:
        self._path = path
        self._models = models
        self._telemetry = telemetry
        self._tell = tell
        self._looking = asyncio.Event()
        self._looking.set()
        self._failed: dict[str, str] = {}
        self._before: dict[str, Served] = {}
        self._retry = 0
        self.complete = asyncio.Event()

    def look(self) -> None:
        """Read the file again, soon."""
        self._looking.set()

    async def run(self) -> None:
        """Follow the file for ever."""
        while True:
            await self._looking.wait()
            self._looking.clear()
            state = await asyncio.to_thread(read_state, self._path)
            if state.serial:
                await self._follow(state)

    async def _follow(self, state: State) -> None:
        if state.retry != self._retry:
            self._retry = state.retry
            self._failed.clear()
        wanted = {placed.name: placed for placed in state.models}
        for name in {served.name for served in self._models.all()} - set(wanted):
            self._models.remove(name)
            self._before.pop(name, None)
            self._telemetry.unloaded(name)
        for placed in wanted.values():
            await self._want(placed)
        ready = {served.name: served.digest for served in self._models.all()}
        if all(ready.get(name) == placed.digest for name, placed in wanted.items()):
            self.complete.set()

    async def _want(self, placed: Placed) -> None:
        """Answer with this version, if it can be had."""
        now = self._models.find(placed.name)
        if now is not None and now.digest == placed.digest:
            self._tell(Event("loaded", placed.name, placed.digest))
            return
        if self._failed.get(placed.name) == placed.digest:
            return
        started = time.monotonic()
        served = self._before.get(placed.name)
        try:
            if served is None or served.digest != placed.digest:
                served = await asyncio.to_thread(_load, placed)
        except DeployerError as error:
            self._failed[placed.name] = placed.digest
            self._telemetry.failed_load(placed.name)
            self._tell(
                Event(
                    "failed",
                    placed.name,
                    placed.digest,
                    message=error.message[:500],
                    where=error.where[:500],
                    hint=error.hint[:500],
                    exit_code=int(error.exit_code),
                )
            )
            return
        seconds = time.monotonic() - started
        if now is not None:
            self._before[placed.name] = now
        self._models.put(served)
        self._telemetry.loaded(served, seconds)
        self._tell(Event("loaded", placed.name, placed.digest, seconds=seconds))


def _load(placed: Placed) -> Served:
    try:
        package = load_package(Path(placed.folder))
    except DeployerError:
        raise
    except Exception as error:
        # A model that breaks a library must not end a process that answers for others.
        raise FailedError(
            f"cannot be loaded: {type(error).__name__}: {error}", where=placed.folder
        ) from error
    return Served(
        name=placed.name,
        version=placed.version,
        digest=placed.digest,
        package=package,
        source=placed.source,
        reference=placed.reference,
    )
