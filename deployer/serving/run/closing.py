"""Answers that close their connection, while the process is about to end.

A client that keeps its connection would send a request just when that is closed, and could not
know whether it was read. So while a server drains, each answer asks the client for a new
connection, which another server gets.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

__all__ = ["Draining"]

_CLOSE = ("connection", "close")
_Headers = Sequence[tuple[str, str]]


class Draining:
    """An RSGI application around another one."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self._call: Callable[[Any, Any], Awaitable[None]] = app.__rsgi__

    def __rsgi__(self, scope: Any, proto: Any) -> Awaitable[None]:
        """Answer a request."""
        return self._call(scope, proto)

    def drain(self) -> None:
        """Close connections from now on, one answer later."""
        self._call = self._close

    async def _close(self, scope: Any, proto: Any) -> None:
        await self._app.__rsgi__(scope, _Closing(proto) if scope.http_version == "1.1" else proto)


class _Closing:
    """A protocol whose answers close the connection."""

    def __init__(self, proto: Any) -> None:
        self._proto = proto

    def __call__(self) -> Awaitable[bytes]:
        return self._proto()  # type: ignore[no-any-return]  # Granian has no types here

    def __aiter__(self) -> Any:
        return self._proto.__aiter__()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._proto, name)

    def response_empty(self, status: int, headers: _Headers) -> None:
        self._proto.response_empty(status, [*headers, _CLOSE])

    def response_str(self, status: int, headers: _Headers, body: str) -> None:
        self._proto.response_str(status, [*headers, _CLOSE], body)

    def response_bytes(self, status: int, headers: _Headers, body: bytes) -> None:
        self._proto.response_bytes(status, [*headers, _CLOSE], body)

    def response_stream(self, status: int, headers: _Headers) -> Any:
        return self._proto.response_stream(status, [*headers, _CLOSE])
