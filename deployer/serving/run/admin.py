"""The admin port: metrics, which versions there are, loading and unloading. It asks for no key.

Loading and unloading are the Open Inference Protocol's model repository extension
(https://github.com/kserve/open-inference-protocol/blob/main/specification/protocol/inference_rest.md),
with the paths that Triton and MLServer have: ``POST /v2/repository/index``,
``POST /v2/repository/models/{model}/load`` and ``…/unload``. Only models that the server was
started with can be loaded.
"""

import asyncio
import re
from collections.abc import Callable

import msgspec

from deployer.errors import DeployerError
from deployer.serving.http.messages import Response
from deployer.serving.http.request import Request
from deployer.serving.run.following import Following
from deployer.serving.run.items import Item
from deployer.serving.run.pool import Pool

__all__ = ["Admin", "is_loopback"]

# https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
_TEXT = ("content-type", "text/plain; version=0.0.4; charset=utf-8")
_JSON = ("content-type", "application/json")
_ACTION = re.compile(r"/v2/repository/models/([^/]{1,63})/(load|unload)\Z")
_INDEX = "/v2/repository/index"


def is_loopback(host: str) -> bool:
    """Return whether nobody but this machine reaches an address."""
    return host in ("localhost", "::1") or host.startswith("127.")


class Admin:
    """Answers on the admin port.

    Args:
        following: the models.
        pool: the workers.
        exposition: returns the metrics of all processes as text; may take a while.

    """

    def __init__(self, following: Following, pool: Pool, exposition: Callable[[], bytes]) -> None:
        self._following = following
        self._pool = pool
        self._exposition = exposition

    def admit(self, request: Request) -> Response | None:
        """Refuse nobody."""

    def answer(self, request: Request, body: bytes) -> "asyncio.Future[Response]":
        """Answer one request."""
        return asyncio.ensure_future(self._respond(request))

    def ended(self, request: Request, response: Response | None) -> None:
        """Keep nothing."""

    async def _respond(self, request: Request) -> Response:
        try:
            status, kind, body = await self._answer(request.method, request.path)
        except DeployerError as error:
            status, kind, body = 400, _JSON, _error(str(error))
        except Exception as error:  # noqa: BLE001 - whatever it is, somebody waits for an answer
            status, kind, body = 500, _JSON, _error(type(error).__name__)
        return Response(status, [kind, ("cache-control", "no-store")], body)

    async def _answer(self, method: str, path: str) -> tuple[int, tuple[str, str], bytes]:
        action = _ACTION.match(path)
        wanted = ("POST",) if action else ("GET", "POST") if path == _INDEX else ("GET",)
        if action is None and path not in (_INDEX, "/metrics", "/healthz"):
            return 404, _JSON, _error(f"no such path; there are /metrics, /healthz, {_INDEX}")
        if method not in wanted:
            return 405, _JSON, _error(f"use {' or '.join(wanted)}")
        if action is not None:
            return await self._act(action[1], action[2])
        if path == _INDEX:
            return 200, _JSON, msgspec.json.encode(self.index())
        if path == "/healthz":
            return self._health()
        return 200, _TEXT, await asyncio.to_thread(self._exposition)

    async def _act(self, name: str, verb: str) -> tuple[int, tuple[str, str], bytes]:
        item = self._following.items.get(name)
        if item is None:
            there = ", ".join(self._following.items)
            return 404, _JSON, _error(f"no model {name!r}; this server was started with {there}")
        if verb == "load":
            await self._following.load(item, again=True)
        else:
            await self._following.unload(item)
        return 200, _JSON, msgspec.json.encode(self._entry(item))

    def _health(self) -> tuple[int, tuple[str, str], bytes]:
        listening = sum(worker.listening for worker in self._pool.workers)
        document = {"workers": len(self._pool.workers), "listening": listening}
        return (200 if listening else 503), _JSON, msgspec.json.encode(document)

    def index(self) -> list[dict[str, str]]:
        """Return one entry for each model: what is in service, and what is wrong."""
        return [self._entry(item) for item in self._following.items.values()]

    def _entry(self, item: Item) -> dict[str, str]:
        served = item.current or item.candidate
        state = "READY" if item.loaded and item.current else "UNAVAILABLE"
        if state != "READY" and item.candidate is not None:
            state = "LOADING"
        reason = item.problem or ("" if item.loaded else "unloaded")
        return {
            "name": item.source.name,
            "version": served.version if served else "",
            "state": state,
            "reason": reason,
            "digest": f"sha256:{served.digest}" if served else "",
            "source": served.source if served else "",
            "reference": item.source.reference,
        }


def _error(message: str) -> bytes:
    return msgspec.json.encode({"error": " ".join(message.split())})
