"""Emulated clouds, each behind a port of the fault proxy; whoever mends or looks goes past it."""

import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from deployer.drills.proxy.client import FaultProxy
from deployer.emulators import BUCKET, EngineName, Server, start
from deployer.emulators.environment import UNWANTED
from deployer.errors import UsageError
from providers.open import open_store
from providers.store import Store, StoreOptions

__all__ = ["CloudOfDrill", "DrillClouds", "one_more_way", "open_direct"]

_ENGINES: Mapping[str, EngineName] = {"aws": "moto", "gcp": "fake-gcs", "azure": "azurite"}
_URLS = {
    "aws": f"s3://{BUCKET}",
    "gcp": f"gs://{BUCKET}",
    "azure": f"az://devstoreaccount1/{BUCKET}",
}
# fake-gcs-server serves downloads under its own name alone, and Azurite takes a name for that of
# an account; neither's signature covers the name.
_RENAMED = frozenset({"gcp", "azure"})


@dataclass
class CloudOfDrill:
    """One emulated cloud.

    Attributes:
        name: aws, gcp or azure.
        server: the emulator.
        port: of the fault proxy before it.
        store: the bucket, past the proxy.

    """

    name: str
    server: Server
    port: int
    store: Store

    @property
    def url(self) -> str:
        """The bucket's URL, the same on both ways."""
        return _URLS[self.name]

    def environment(self, host: str = "127.0.0.1") -> dict[str, str]:
        """Return what points deployer at the bucket, through the proxy.

        Args:
            host: name or address that the proxy is reached by.

        """
        through = {
            name: value.replace(f"127.0.0.1:{self.server.port}", f"{host}:{self.port}")
            for name, value in self.server.environment().items()
        }
        return {**through, f"DEPLOYER_CLOUDS_{self.name.upper()}_URL": self.url}


class DrillClouds:
    """All emulated clouds of a drill."""

    def __init__(self, clouds: Sequence[CloudOfDrill]) -> None:
        self._clouds = {each.name: each for each in clouds}

    def __iter__(self) -> Iterator[CloudOfDrill]:
        return iter(self._clouds.values())

    def __getitem__(self, name: str) -> CloudOfDrill:
        if name not in self._clouds:
            raise UsageError(
                f"{name!r} is no cloud of the estate", hint=f"there are: {', '.join(self._clouds)}"
            )
        return self._clouds[name]

    def __contains__(self, name: object) -> bool:
        return name in self._clouds

    @property
    def names(self) -> list[str]:
        """In the order of the scenario."""
        return list(self._clouds)

    def environment(self, domain: str = "") -> dict[str, str]:
        """Return what points deployer at all of them, through the proxy.

        Args:
            domain: in which each cloud has its name, such as ``.drill.test``; "" for addresses.

        """
        hosts = {each.name: f"{each.name}{domain}" if domain else "127.0.0.1" for each in self}
        return {
            name: value
            for each in self
            for name, value in each.environment(hosts[each.name]).items()
        }

    @classmethod
    @contextmanager
    def running(
        cls, names: Sequence[str], s3: EngineName, proxy: FaultProxy
    ) -> Iterator["DrillClouds"]:
        """Start emulators at the same time; all are stopped in the end."""
        engines = {name: s3 if name == "aws" else _ENGINES[name] for name in names}
        servers: dict[str, Server] = {}
        clouds: list[CloudOfDrill] = []

        def begin(name: str) -> None:
            servers[name] = start(engines[name])

        try:
            with ThreadPoolExecutor(len(names)) as pool:
                list(pool.map(begin, names))
            clouds += [_opened(name, servers[name], proxy) for name in names]
            yield cls(clouds)
            for cloud in clouds:
                cloud.store.close()
        finally:
            # One that was lost has another in its place.
            servers |= {each.name: each.server for each in clouds}
            with ThreadPoolExecutor(len(names)) as pool:
                list(pool.map(Server.stop, servers.values()))


def one_more_way(cloud: CloudOfDrill, proxy: FaultProxy, listener: str) -> CloudOfDrill:
    """Return a cloud as it is reached by one more port of the fault proxy.

    Args:
        cloud: which.
        proxy: of the drill.
        listener: what the port is called.

    """
    return replace(cloud, port=_listen(proxy, listener, cloud.name, cloud.server))


def _opened(name: str, server: Server, proxy: FaultProxy) -> CloudOfDrill:
    port = _listen(proxy, f"store:{name}", name, server)
    return CloudOfDrill(name, server, port, open_direct(name, server))


def _listen(proxy: FaultProxy, listener: str, cloud: str, server: Server) -> int:
    return proxy.listen(listener, f"http://127.0.0.1:{server.port}", rename=cloud in _RENAMED)


def open_direct(name: str, server: Server, journal: Path | None = None) -> Store:
    """Open a bucket past the proxy; the environment is this process's no longer than that."""
    before = dict(os.environ)
    try:
        for variable in UNWANTED:
            os.environ.pop(variable, None)
        os.environ.update(server.environment())
        store = open_store(_URLS[name], options=StoreOptions(attempts=2, journal=journal))
        store.exists("anything")  # an SDK looks for its credentials with the first request
    finally:
        os.environ.clear()
        os.environ.update(before)
    return store
