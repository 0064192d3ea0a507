"""A worker's life: load, listen, answer, drain.

It listens only when every model is ready: the system shares out connections among all that
listen, whether they can answer or not.
"""

import asyncio
import gc
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from deployer.errors import FailedError
from deployer.serving.auth.check import Authenticator, authenticator
from deployer.serving.http.app import App
from deployer.serving.http.server import HttpServer
from deployer.serving.models import Models
from deployer.serving.run.loading import Loader
from deployer.serving.run.state import BEAT, DRAIN, LOOK, Event, Launch
from deployer.serving.telemetry.metrics import telemetry

if TYPE_CHECKING:
    from deployer.serving.grpc.server import GrpcServer

__all__ = ["Answering"]

LINGER = 0.5  # seconds that who has just connected gets to send a request


class Answering:
    """One process that answers, from its start to its end.

    Args:
        launch: what it is started with.
        events: number of an open file that takes what the supervisor shall know.

    """

    def __init__(self, launch: Launch, events: int) -> None:
        self._launch = launch
        self._settings = launch.settings
        self._events = events
        self._models = Models()
        self._telemetry = telemetry(self._settings, Path(launch.metrics))
        self._ending = asyncio.Event()
        self._loader = Loader(Path(launch.state), self._models, self._telemetry, self._tell)

    def _tell(self, event: Event) -> None:
        """Say something to the supervisor; shorter than what a pipe would split."""
        with suppress(OSError):
            os.write(self._events, msgspec.json.encode(event) + b"\n")

    async def run(self) -> None:
        """Answer until the supervisor, or SIGTERM, says that it is time to end.

        Raises:
            DeployerError: it cannot listen, or nobody could be answered.

        """
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self._ending.set)
        loop.add_reader(sys.stdin.fileno(), self._hear)
        checks = authenticator(self._settings, os.environ)
        app = App(self._models, self._settings, checks, self._telemetry)
        following = loop.create_task(self._loader.run())
        complete = loop.create_task(self._loader.complete.wait())
        ending = loop.create_task(self._ending.wait())
        try:
            await asyncio.wait((complete, ending, following), return_when=asyncio.FIRST_COMPLETED)
            if following.done():
                following.result()
            if not ending.done():
                # What is loaded stays: the collector need not look through it again and again.
                gc.freeze()
                gc.enable()
                await self._serve(app, checks, ending)
        finally:
            following.cancel()
            complete.cancel()
            self._telemetry.close()
            app.close()

    async def _serve(self, app: App, checks: Authenticator, ending: "asyncio.Task[bool]") -> None:
        launch, settings = self._launch, self._settings
        server = HttpServer(app, launch.host, launch.port, settings)
        await server.listen()
        serving = asyncio.create_task(server.serve())
        stopping = [serving]
        grpc = None
        if launch.grpc_port:
            # A library that takes a while to import, while REST answers already.
            server_type = await asyncio.to_thread(_grpc_server)
            grpc = server_type(self._models, settings, checks, self._telemetry)
            await grpc.start(launch.host, launch.grpc_port)
        self._tell(Event("listening"))
        self._beat()
        await asyncio.wait((serving, ending), return_when=asyncio.FIRST_COMPLETED)
        if serving.done():
            serving.result()
            raise FailedError("the HTTP server ended by itself", hint="see the messages above")
        self._models.drain()
        server.drain()
        await asyncio.sleep(settings.drain)
        server.stop_accepting()
        await asyncio.sleep(min(LINGER, settings.grace))
        server.stop()
        if grpc is not None:
            stopping.append(asyncio.create_task(grpc.stop(settings.grace)))
        await asyncio.wait(stopping, timeout=settings.grace)

    def _beat(self) -> None:
        """Show that requests would be answered."""
        self._tell(Event("alive"))
        asyncio.get_running_loop().call_later(BEAT, self._beat)

    def _hear(self) -> None:
        """Read what the supervisor says; its end says that it is gone."""
        said = os.read(sys.stdin.fileno(), 4096)
        if not said:
            os._exit(0)
        if LOOK in said:
            self._loader.look()
        if DRAIN in said:
            self._ending.set()


def _grpc_server() -> "type[GrpcServer]":
    from deployer.serving.grpc.server import GrpcServer  # noqa: PLC0415 - see where it is called

    return GrpcServer
