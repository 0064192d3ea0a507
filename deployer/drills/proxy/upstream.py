"""The server behind a listener: where it is, and how it is reached."""

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from deployer.drills.proxy.stream import Stream

__all__ = ["Upstream", "upstream_of"]

_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Upstream:
    """A server.

    Attributes:
        host: its name or address.
        port: where it listens.
        tls: what its certificate is verified with; None for plain HTTP.

    """

    host: str
    port: int
    tls: ssl.SSLContext | None = None

    @property
    def name(self) -> bytes:
        """Return what a client of its own would give as Host."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        default = _PORTS["https" if self.tls else "http"]
        return (host if self.port == default else f"{host}:{self.port}").encode()

    async def connect(self, on_end: Callable[[], None]) -> Stream:
        """Connect.

        Raises:
            OSError: it cannot be reached, or is not who it should be.

        """
        loop = asyncio.get_running_loop()
        _, stream = await loop.create_connection(
            lambda: Stream(on_end), self.host, self.port, ssl=self.tls
        )
        return stream


def upstream_of(url: str) -> Upstream:
    """Return the server that `url` names: ``http://127.0.0.1:123``, ``https://host[:port]``.

    Raises:
        ValueError: it names none.

    """
    parts = urlsplit(url)
    if parts.scheme not in _PORTS or not parts.hostname:
        raise ValueError(f"{url!r} is no http:// or https:// address of a server")
    if parts.path.strip("/") or parts.query or parts.username:
        raise ValueError(f"{url!r} names more than a server")
    tls = ssl.create_default_context() if parts.scheme == "https" else None
    return Upstream(parts.hostname, parts.port or _PORTS[parts.scheme], tls)
