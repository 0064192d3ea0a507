"""The end of the process that answers: hands bodies over, and takes what was read of them."""

import asyncio
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

import msgspec
import numpy as np

from deployer.serving.longjson.memory import SharedMemory
from deployer.serving.longjson.messages import (
    MOST,
    ROOM,
    SINGLE,
    Job,
    Outcome,
    decode_outcome,
    encode,
)
from deployer.serving.protocol.many import ManyFloats, ManyRequest

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["JsonReader"]

LATE = 10.0
"""Seconds after which a process that still reads the same body is ended."""

START = 60.0
"""Seconds after which one that is not ready is."""

_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 60.0

Done = Callable[[ManyRequest | None, bool], None]


class _Waiting(NamedTuple):
    done: Done
    at: int
    since: float


class JsonReader:
    """Has long JSON read by another process, which is started with the first that comes.

    Args:
        memory: bytes that bodies and their numbers take at most, together.

    """

    def __init__(self, memory: int) -> None:
        self._size = memory
        self._process: subprocess.Popen[bytes] | None = None
        self._memory: SharedMemory | None = None
        self._socket: socket.socket | None = None
        self._ready = False
        self._watched = False
        self._closed = False
        self._started = 0.0
        self._jobs: dict[int, _Waiting] = {}
        self._number = 0
        self._failures = 0
        self._not_before = 0.0

    def read(self, body: bytes, done: Done) -> bool:
        """Have a body read, if that can be had now.

        Args:
            body: JSON.
            done: told once what was read, None if it is no request of long lists of numbers, and
                whether the process failed over it; arrays hold only while it is being told.

        Returns:
            Whether `done` will be told.

        """
        if not self._ready:
            self._start()
            return False
        assert self._memory is not None and self._socket is not None  # noqa: S101, PT018 - ready
        at = self._memory.take(len(body) * ROOM)
        if at is None:
            return False
        self._memory.view[at : at + len(body)] = body
        self._number += 1
        try:
            self._socket.send(encode(Job(self._number, at, len(body))))
        except BlockingIOError:
            self._memory.give(at)
            return False
        except OSError:
            self._fail()
            return False
        self._jobs[self._number] = _Waiting(done, at, time.monotonic())
        self._watch()
        return True

    def _start(self) -> None:
        if self._closed or self._process is not None or time.monotonic() < self._not_before:
            return
        try:
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        except (AttributeError, OSError):
            self._not_before = float("inf")
            return
        memory = None
        try:
            memory = SharedMemory.create(self._size)
            files = theirs.fileno(), memory.fd
            self._process = subprocess.Popen(  # noqa: S603 - an argument list, no shell
                [sys.executable, "-P", "-m", f"{__package__}.process", *map(str, files)],
                pass_fds=files,
                stdin=subprocess.DEVNULL,
                stdout=sys.__stderr__,
            )
        except (AttributeError, OSError):
            # No such memory on this system, or none left.
            ours.close()
            if memory is not None:
                memory.close()
            self._put_off()
            return
        finally:
            theirs.close()
        ours.setblocking(False)
        self._socket, self._memory = ours, memory
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(ours.fileno(), self._hear)
        self._started = time.monotonic()
        self._watch()

    def _put_off(self) -> None:
        self._failures += 1
        pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** (self._failures - 1))
        self._not_before = time.monotonic() + pause

    def _hear(self) -> None:
        while self._socket is not None:
            try:
                message = self._socket.recv(MOST)
            except BlockingIOError:
                return
            except OSError:
                message = b""
            if not message:
                self._fail()
                return
            try:
                outcome = decode_outcome(message)
                if not outcome.number:
                    self._ready = True
                    continue
                found = self._request(outcome)
                waiting = self._jobs.pop(outcome.number)
            except (msgspec.MsgspecError, ValueError, KeyError):
                self._fail()  # it does not know what it says
                return
            self._failures = 0
            waiting.done(found, False)
            if self._memory is not None:
                self._memory.give(waiting.at)

    def _request(self, outcome: Outcome) -> ManyRequest | None:
        if not outcome.inputs or self._memory is None:
            return None
        inputs = []
        for each in outcome.inputs:
            values: NDArray[np.float32] | NDArray[np.float64]
            if each.datatype == SINGLE:
                values = np.frombuffer(self._memory.view, np.float32, each.count, each.at)
            else:
                values = np.frombuffer(self._memory.view, np.float64, each.count, each.at)
            inputs.append(ManyFloats(each.name, each.datatype, each.shape, values))
        return ManyRequest(inputs, msgspec.json.decode(outcome.others))

    def _watch(self) -> None:
        # One timer for all: one for each body would cost more than to hand it over.
        if not self._watched:
            self._watched = True
            self._loop.call_later(min(1.0, LATE / 4), self._look)

    def _look(self) -> None:
        """End a process that takes too long to start, or to read one body."""
        self._watched = False
        due = None
        if self._jobs:
            due = next(iter(self._jobs.values())).since + LATE
        elif self._process is not None and not self._ready:
            due = self._started + START
        if due is not None:
            if due <= time.monotonic():
                self._fail()
            else:
                self._watch()

    def _fail(self) -> None:
        """Do without the process, for a while."""
        self._put_off()
        self._end()

    def _end(self) -> None:
        process, connection, memory = self._process, self._socket, self._memory
        self._process = self._socket = self._memory = None
        self._ready = False
        if connection is not None:
            if not self._loop.is_closed():
                self._loop.remove_reader(connection.fileno())
            connection.close()
        if process is not None:
            with suppress(ProcessLookupError):
                process.kill()
            # It ends at once, but not before this returns.
            threading.Thread(target=process.wait, daemon=True).start()
        if memory is not None:
            memory.close()
        jobs, self._jobs = self._jobs, {}
        for waiting in jobs.values():
            waiting.done(None, True)

    def close(self) -> None:
        """End the process."""
        self._closed = True
        self._end()
