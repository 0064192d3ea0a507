"""What is served of each reference: how a version comes into service, and what keeps it out.

A version that an alias leads to is fetched and verified, then named in the state file. Each worker
loads it and repeats its golden answers before it answers with it. If one cannot, the file names
the version before again, which every worker still has.
"""

import asyncio
import random
from collections.abc import Sequence
from pathlib import Path

import msgspec

from deployer.errors import (
    DamagedError,
    DeployerError,
    FailedError,
    PolicyError,
    TimedOutError,
    UsageError,
)
from deployer.registry.deleting.deletions import DeletedError
from deployer.registry.reading.resolve import RemovedError
from deployer.serving.run.items import Item
from deployer.serving.run.pool import Pool
from deployer.serving.run.sources import Source
from deployer.serving.run.state import Event, Placed, State, replace_file
from deployer.serving.run.threads import in_thread
from deployer.serving.run.voice import Voice

__all__ = ["Following"]

LONGEST_REST = 15.0  # seconds between two tries to fetch what cannot be fetched
LOADING = 300.0  # seconds that all workers get to load a version
DEATHS = 2  # of workers while they load a version, after which it is to blame
# These say no: a version that was good before is none the better for it.
_ANSWERS = (RemovedError, DeletedError, PolicyError, UsageError)


class Following:
    """The models of a server, kept what their references mean.

    Args:
        sources: one for each model.
        state: path of the state file.
        poll: seconds between two looks.
        voice: to speak with.

    Attributes:
        items: the models by name.

    """

    def __init__(
        self, sources: Sequence[Source], state: Path, *, poll: float, voice: Voice
    ) -> None:
        self.items = {source.name: Item(source) for source in sources}
        self._state = state
        self._poll = poll
        self._voice = voice
        self._serial = 0
        self._retry = 0
        self._begun = False
        self._pool: Pool | None = None
        self._repairs: set[asyncio.Task[None]] = set()
        self._write()

    def attach(self, pool: Pool) -> None:
        """Tell these workers of changes."""
        self._pool = pool

    async def begin(self) -> None:
        """Bring the first version of every model to all workers.

        Raises:
            DeployerError: one cannot be had, and none was good here before.

        """
        items = list(self.items.values())
        placed = await asyncio.gather(*(self._first(item) for item in items))
        outcomes = [item.propose(each) for item, each in zip(items, placed, strict=True)]
        self._write()
        for item, outcome in zip(items, outcomes, strict=True):
            try:
                await self._outcome(item, outcome)
            except DeployerError as error:
                before = await in_thread(item.source.before)
                if before is None or before.digest in item.refused:
                    raise
                self._voice.refused(item, error)
                await self._try(item, before)
        self._begun = True

    async def _first(self, item: Item) -> Placed:
        try:
            return await in_thread(item.source.fetch)
        except DeployerError as error:
            before = None if isinstance(error, _ANSWERS) else await in_thread(item.source.before)
            if before is None:
                raise
            item.behind = True
            self._voice.absent(item, error)
            self._voice.last_good(item, before)
            return before

    async def follow(self, item: Item) -> None:
        """Follow an alias for ever; a version that is pinned, until it has come from a cloud."""
        rest = 0.0
        while item.source.followed or item.behind:
            pause = self._poll * random.uniform(0.8, 1.2)  # noqa: S311 - spreads load
            await asyncio.sleep(max(rest, pause))
            if not item.loaded:
                continue
            try:
                if await in_thread(item.source.changed) or item.behind:
                    await self.load(item)
                self._voice.present(item)
                rest = 0.0
            except DeployerError as error:
                self._voice.absent(item, error)
                rest = min(LONGEST_REST, max(self._poll, rest * 2))

    async def load(self, item: Item, *, again: bool = False) -> None:
        """Bring into service what the source says now.

        Args:
            item: of which model.
            again: also what was refused before.

        Raises:
            DeployerError: it cannot be had.

        """
        async with item.lock:
            item.behind = True
            placed = await in_thread(item.source.fetch)
            item.behind = False
            if again and item.refused:
                item.refused.clear()
                self._retry += 1
            if placed.digest in item.refused:
                return
            if item.loaded and item.current is not None and item.current.digest == placed.digest:
                if item.current.source != placed.source:
                    item.current = placed
                    self._write()
                    item.source.good(placed)
            else:
                try:
                    await self._try(item, placed)
                except DeployerError as error:
                    self._voice.refused(item, error)
                    if again:
                        raise
                    return
                self._voice.moved(item, placed)
            item.refusal = ""

    async def reload(self) -> None:
        """Read every source that is in service again, and try again what was refused."""
        for item in self.items.values():
            if item.loaded:
                try:
                    await self.load(item, again=True)
                except DeployerError as error:
                    self._voice.absent(item, error)

    async def unload(self, item: Item) -> None:
        """Answer no more for a model."""
        async with item.lock:
            item.loaded, item.current = False, None
            item.refused.clear()
            item.refusal = ""
            self._write()

    async def _try(self, item: Item, placed: Placed) -> None:
        outcome = item.propose(placed)
        self._write()
        await self._outcome(item, outcome)

    async def _outcome(self, item: Item, outcome: "asyncio.Future[None]") -> None:
        try:
            await asyncio.wait_for(asyncio.shield(outcome), LOADING)
        except TimeoutError:
            self._refuse(item, TimedOutError(f"not loaded within {LOADING:g} s"))
            await outcome

    def hear(self, event: Event) -> None:
        """Take what a worker says of a version."""
        item = self.items.get(event.name)
        if item is None:
            return
        if event.kind == "loaded":
            self.settle()
        elif event.kind == "failed":
            if item.candidate is not None and item.candidate.digest == event.digest:
                inside = event.where.startswith(item.candidate.folder)
                where = Path(event.where).name if inside else event.where
                self._refuse(item, DamagedError(event.message, where=where, hint=event.hint))
            elif item.current is not None and item.current.digest == event.digest:
                repair = asyncio.get_running_loop().create_task(self._repair(item))
                self._repairs.add(repair)
                repair.add_done_callback(self._repairs.discard)

    def settle(self) -> None:
        """Take into service what all workers answer with."""
        workers = self._pool.workers if self._pool is not None else []
        for name, item in self.items.items():
            placed = item.candidate
            if placed and all(each.loaded.get(name) == placed.digest for each in workers):
                item.accept()
                problem = item.source.good(placed)
                if problem:
                    self._voice.warn(f"{problem}: a restart will need a cloud")

    def lost(self) -> None:
        """Take note that a worker died: what is being loaded may be why."""
        for item in self.items.values():
            if item.candidate is not None:
                item.deaths += 1
                if item.deaths >= DEATHS:
                    self._refuse(item, FailedError(f"{DEATHS} workers died while they loaded it"))

    async def _repair(self, item: Item) -> None:
        """Fetch again what is in service: a worker that was started anew cannot load it."""
        await asyncio.sleep(self._poll)
        try:
            async with item.lock:
                await in_thread(item.source.fetch)
        except DeployerError as error:
            self._voice.absent(item, error)
        self._retry += 1
        self._write()

    def _refuse(self, item: Item, error: DeployerError) -> None:
        """Go back to the version before: the candidate is no good."""
        item.reject(error)
        if self._begun:
            self._write()

    def _write(self) -> None:
        """Replace the state file and have the workers read it."""
        wanted = [item.wanted for item in self.items.values()]
        models = tuple(placed for placed in wanted if placed is not None)
        state = State(serial=self._serial, models=models, retry=self._retry)
        try:
            replace_file(self._state, msgspec.json.encode(state))
        except OSError as error:
            # What is in service goes on; a version that was to come times out.
            self._voice.warn(f"{self._state}: cannot be written: {error.strerror}")
        self._serial += 1
        if self._pool is not None:
            self._pool.look()
