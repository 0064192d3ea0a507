"""The fault proxy as a drill sees it: it starts the process and steers it."""

import contextlib
import socket
import threading
from concurrent.futures import Future
from pathlib import Path
from typing import Self

import msgspec

from deployer.drills.proxy import messages
from deployer.drills.proxy.messages import Counts
from deployer.drills.proxy.rules import Rule
from deployer.drills.proxy.start import last_words, started
from deployer.emulators.ports import free_ports
from deployer.errors import FailedError, TimedOutError, UsageError

__all__ = ["Counts", "FaultProxy", "Rule"]

_REPLY = 30.0
_TRIES = 5


class FaultProxy:
    """Starts the proxy's process and steers it; any thread may.

    If this process ends without :meth:`close`, however it ends, so does the proxy's.

    Args:
        folder: for its log.
        traffic: file to which every request to a listener that logs is added.

    Raises:
        FailedError: it does not start.

    """

    def __init__(self, folder: Path, *, traffic: Path | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._lock = threading.Lock()
        self._waiting: dict[int, Future[int | Counts]] = {}
        self._next = 0
        self._closed = False
        self._ended = False
        self._held, self._connection = started(folder, traffic)
        self._listening = threading.Thread(target=self._hear, name="fault-proxy", daemon=True)
        self._listening.start()

    # --- ports ------------------------------------------------------------------------------

    def listen(self, name: str, upstream: str, *, rename: bool = False, log: bool = True) -> int:
        """Open a port in front of a server, and return its number on 127.0.0.1.

        Args:
            name: of the listener.
            upstream: the server: ``http://127.0.0.1:123``, or ``https://host[:port]``, whose
                certificate is verified. The client always speaks plain HTTP.
            rename: give the server its own name as Host, not the one that the client used. A
                signature that covers Host would break; a server that answers to its name needs it.
                Always so for https.
            log: whether its requests are noted down in the traffic file.

        Raises:
            UsageError: there is one of that name, or `upstream` names no server.

        """
        for attempt in range(_TRIES):
            # Not among the ports of outgoing connections, so that none can take it while it is
            # refused.
            [port] = free_ports(1)
            try:
                self._ask(messages.Listen(name, upstream, port, rename, log))
            except UsageError as error:
                if "Address already in use" not in error.message or attempt == _TRIES - 1:
                    raise
            else:
                return port
        raise AssertionError("the last attempt returns or raises")

    def counts(self, listener: str) -> Counts:
        """Return what a listener has counted so far; all of that is then in the traffic file.

        Raises:
            UsageError: there is none of that name.

        """
        counts = self._ask(messages.Count(listener))
        assert isinstance(counts, Counts)  # noqa: S101 - what it replies to Count
        return counts

    # --- rules ------------------------------------------------------------------------------

    def add(self, listener: str, rule: Rule, *, first: bool = False) -> int:
        """Put a rule in force, behind the others or before them, and return its number.

        Raises:
            UsageError: there is no such listener, or the rule makes no sense.

        """
        return self._number(messages.Add(listener, rule, first))

    def remove(self, number: int) -> None:
        """End a rule; one that has ended stays so.

        What it holds, drips or keeps half-open is ended with RST; what it delays goes on at once;
        a port that was refused is listened on again.
        """
        self._ask(messages.Remove(number))

    def clear(self, listener: str | None = None) -> None:
        """End all rules, or those of one listener."""
        self._ask(messages.Clear(listener))

    def hits(self, number: int) -> int:
        """Return how many requests a rule has affected so far, also if it has ended.

        A request counts once the effect is there: a lost one when its answer is lost, one that is
        held after its answer when it is held. Nothing is counted for `refuse`: no request comes.
        """
        return self._number(messages.Hits(number, 0, 0.0))

    def wait_hits(self, number: int, count: int, timeout: float) -> bool:
        """Wait until a rule has affected `count` requests, `timeout` seconds at most.

        Returns:
            whether it has.

        """
        return self._number(messages.Hits(number, count, timeout), timeout + _REPLY) >= count

    def release(self, number: int) -> None:
        """Let those requests go on that the rule `number` holds now."""
        self._ask(messages.Release(number))

    # --- its process ------------------------------------------------------------------------

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._held.kept.emulator.pid

    def close(self) -> None:
        """End it, and with it all connections; closing twice does no harm."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_WR)
        # It hangs up once the last request is noted down.
        self._listening.join(_REPLY)
        self._held.stop()
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- the connection to it ---------------------------------------------------------------

    def _number(self, command: messages.Command, timeout: float = _REPLY) -> int:
        value = self._ask(command, timeout)
        assert isinstance(value, int)  # noqa: S101 - what it replies to all but Count
        return value

    def _ask(self, command: messages.Command, timeout: float = _REPLY) -> int | Counts:
        future: Future[int | Counts] = Future()
        with self._lock:
            if self._closed:
                raise FailedError("the fault proxy was closed")
            if self._ended:
                raise self._gone()
            self._next += 1
            self._waiting[self._next] = future
            line = msgspec.json.encode(messages.Envelope(self._next, command)) + b"\n"
            try:
                self._connection.sendall(line)
            except OSError:
                future.set_exception(self._gone())
        try:
            return future.result(timeout)
        except TimeoutError:
            raise TimedOutError(f"the fault proxy has not replied in {timeout:g} s") from None

    def _hear(self) -> None:
        decoder = msgspec.json.Decoder(messages.Reply)
        with contextlib.suppress(OSError), self._connection.makefile("rb") as replies:
            for line in replies:
                reply = decoder.decode(line)
                future = self._waiting.pop(reply.id)
                if reply.error:
                    future.set_exception(UsageError(reply.error, where="fault proxy"))
                else:
                    future.set_result(reply.value)
        with self._lock:
            self._ended = True
            for future in self._waiting.values():
                if not future.done():
                    future.set_exception(self._gone())

    def _gone(self) -> FailedError:
        return FailedError(f"the fault proxy has ended: {last_words(self._folder)}")
