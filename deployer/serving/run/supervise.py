"""The supervisor: brings up workers, has them follow, and ends with them."""

import asyncio
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from deployer.serving.http.server import HttpServer
from deployer.serving.run.admin import Admin, is_loopback
from deployer.serving.run.counting import Counting
from deployer.serving.run.following import Following
from deployer.serving.run.pool import Pool, Worker
from deployer.serving.run.ports import Ports, address, reserve
from deployer.serving.run.sources import Source
from deployer.serving.run.state import Event, Launch, Placed
from deployer.serving.run.voice import Voice
from deployer.settings import ServeSettings

__all__ = ["Ready", "Supervisor"]

MARGIN = 5.0  # seconds to end after drain and grace, before a worker is killed


@dataclass(frozen=True)
class Ready:
    """What a server that is ready says of itself; addresses are None for what there is not."""

    url: str
    grpc: str | None
    admin: str | None
    models: tuple[Placed, ...]


class Supervisor:
    """A server: its processes, ports and models.

    Args:
        settings: how to answer.
        ports: which to listen on.
        sources: returns where the models come from, given the server's own folder, which goes
            when the server ends.
        voice: to speak with.
        ready: called once, when every worker answers with every model.
        verbose: whether workers print tracebacks.

    """

    def __init__(
        self,
        settings: ServeSettings,
        ports: Ports,
        sources: Callable[[Path], Sequence[Source]],
        *,
        voice: Voice,
        ready: Callable[[Ready], None],
        verbose: bool = False,
    ) -> None:
        self._settings = settings
        self._ports = ports
        self._sources = sources
        self._voice = voice
        self._ready = ready
        self._verbose = verbose
        self._ending = asyncio.Event()
        self._listening = asyncio.Event()
        self._tasks: set[asyncio.Task[Any]] = set()

    async def run(self) -> None:
        """Serve until SIGTERM or SIGINT; a second one ends it at once, with KeyboardInterrupt.

        Raises:
            DeployerError: why it cannot start, or cannot go on.

        """
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._end)
        async with AsyncExitStack() as stack:
            folder = Path(tempfile.mkdtemp(prefix="deployer-serve-"))
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
            ports = self._reserve(stack)
            counting = Counting(folder / "metrics", self._settings)
            self._voice.count_failure = counting.failed
            following = Following(
                self._sources(folder),
                folder / "state.json",
                poll=self._settings.poll,
                voice=self._voice,
            )
            pool = self._pool(folder, ports, following, counting)
            following.attach(pool)
            stack.push_async_callback(self._cancel)
            stack.push_async_callback(pool.kill)
            pool.start()
            await self._live(following, pool, ports, counting)

    def _end(self) -> None:
        if self._ending.is_set():
            raise KeyboardInterrupt
        self._ending.set()

    def _reserve(self, stack: AsyncExitStack) -> Ports:
        """Return the ports with their numbers; they are this server's until the stack ends."""
        settings = self._settings
        if self._ports.admin is not None and not is_loopback(settings.admin_host):
            self._voice.warn(
                f"the admin port listens on {settings.admin_host} and asks for no key: whoever "
                "reaches it can unload models"
            )

        def take(host: str, port: int | None, what: str) -> int | None:
            if port is None:
                return None
            reserved = reserve(host, port, what=what)
            stack.callback(reserved.close)
            return reserved.number

        rest = take(settings.host, self._ports.rest, "port")
        assert rest is not None  # noqa: S101 - there always is one
        return Ports(
            rest,
            take(settings.host, self._ports.grpc, "grpc-port"),
            take(settings.admin_host, self._ports.admin, "admin-port"),
        )

    def _pool(self, folder: Path, ports: Ports, following: Following, counting: Counting) -> Pool:
        launch = Launch(
            settings=self._settings,
            state=str(folder / "state.json"),
            metrics=str(counting.folder),
            host=self._settings.host,
            port=ports.rest,
            grpc_port=ports.grpc or 0,
            verbose=self._verbose,
        )
        (folder / "launch.json").write_bytes(msgspec.json.encode(launch))

        def hear(worker: Worker, event: Event) -> None:
            following.hear(event)
            if all(each.listening for each in pool.workers):
                self._listening.set()

        def lost(worker: Worker, why: str) -> None:
            self._voice.warn(f"worker {worker.index + 1} died ({why}); another one is started")
            following.lost()

        pool = Pool(
            self._settings.workers,
            folder / "launch.json",
            hear=hear,
            lost=lost,
            ended=counting.forget,
        )
        return pool

    async def _live(
        self, following: Following, pool: Pool, ports: Ports, counting: Counting
    ) -> None:
        """Start, follow, drain."""
        failure = self._task(pool.failure())
        ending = self._task(self._ending.wait())
        starting = self._task(self._start(following, pool, ports, counting))
        await asyncio.wait((failure, ending, starting), return_when=asyncio.FIRST_COMPLETED)
        if failure.done():
            await failure
        if not starting.done():
            return
        await starting
        for item in following.items.values():
            self._task(following.follow(item))
        if not sys.stdin.isatty():  # where a terminal that is closed says so in this way, too
            asyncio.get_running_loop().add_signal_handler(
                signal.SIGHUP, lambda: self._task(following.reload())
            )
        await asyncio.wait((failure, ending), return_when=asyncio.FIRST_COMPLETED)
        if failure.done():
            await failure
        self._voice.say(f"ending: not ready, answering for {self._settings.drain:g} s more")
        if not await pool.drain(self._settings.drain + self._settings.grace + MARGIN):
            self._voice.warn("workers did not end in time and are killed")

    async def _start(
        self, following: Following, pool: Pool, ports: Ports, counting: Counting
    ) -> None:
        """Have every worker answer with every model, open the admin port, and say so."""
        settings = self._settings
        await following.begin()
        await self._listening.wait()
        if ports.admin is not None:
            admin = Admin(following, pool, counting.exposition)
            server = HttpServer(admin, settings.admin_host, ports.admin, settings)
            await server.listen()
            self._task(server.serve())
        self._ready(
            Ready(
                url=f"http://{address(settings.host, ports.rest)}",
                grpc=address(settings.host, ports.grpc) if ports.grpc else None,
                admin=f"http://{address(settings.admin_host, ports.admin)}"
                if ports.admin
                else None,
                models=tuple(item.current for item in following.items.values() if item.current),
            )
        )

    def _task(self, work: Coroutine[Any, Any, Any]) -> "asyncio.Task[Any]":
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        return task

    async def _cancel(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
