"""One JSON line per request, written by a thread of its own so that no request waits for a disk."""

import atexit
import os
import stat
import threading
import time

import msgspec

__all__ = ["AccessLog", "Line"]

_PAUSE = 0.05
_MOST = 50_000
# A pipe takes up to PIPE_BUF bytes as one (pipe(7)): lines of several processes stay whole. Each
# write gives the interpreter away and asks for it again, so elsewhere there are fewer of them.
_WHOLE = 4096
_ELSEWHERE = 256 * 1024
_TOGETHER = 32


class Line(msgspec.Struct, omit_defaults=True, gc=False):
    """What is told of a request; never its body, nor what proved who sent it.

    Attributes:
        time: of its arrival, ISO 8601 in UTC.
        method: of HTTP.
        route: its template.
        status: of the response; 499 if the client went away before it.
        ms: milliseconds from arrival to response.
        client: address that it came from: the last proxy's, if there is one.
        id: of the request, as the client and other servers know it.
        who: name of the API key, or subject of the token.
        model: that answered.
        digest: hex SHA-256 of what answered.
        rows: answered.

    """

    time: str
    method: str
    route: str
    status: int
    ms: float
    client: str
    id: str
    who: str = ""
    model: str = ""
    digest: str = ""
    rows: int = 0


# Seconds since 1970, method, route, status, seconds, client, id, who, model, digest, rows.
Entry = tuple[float, str, str, int, float, str, str, str, str, str, int]


class AccessLog:
    """Lines to a file, in batches.

    Args:
        fd: number of the open file; stderr's is 2.
        most: lines that wait at most; more are dropped, and their number told.
        thread: write them by a thread; otherwise :meth:`flush` alone does.

    """

    def __init__(self, fd: int = 2, *, most: int = _MOST, thread: bool = True) -> None:
        self._fd = fd
        self._most = most
        self._at_once = _WHOLE if _is_pipe(fd) else _ELSEWHERE
        # One piece of memory: as so many lines they would push what answers out of the caches.
        self._lines = bytearray()
        self._entries: list[Entry] = []
        self._count = 0
        self._dropped = 0
        self._taking = threading.Lock()
        self._wake = threading.Event()
        self._closed = False
        self._writing = threading.Lock()
        self._threaded = thread
        self._thread: threading.Thread | None = None
        self._encode = msgspec.json.Encoder().encode
        self._second = (0, "")

    def add(self, entry: Entry) -> None:
        """Hand over a line; never waits."""
        if self._count >= self._most:
            with self._taking:
                self._dropped += 1
            return
        with self._taking:
            self._entries.append(entry)
        if len(self._entries) >= _TOGETHER:
            self._make_lines()
        if self._threaded and not self._wake.is_set():
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="access-log", daemon=True)
                self._thread.start()
                atexit.register(self.close)
            self._wake.set()

    def flush(self) -> None:
        """Write what waits, by the calling thread; for a process that may be stopped any moment."""
        with self._writing:
            self._write_all()

    def close(self) -> None:
        """Write what waits, for at most two seconds."""
        atexit.unregister(self.close)
        self._closed = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join(2.0)
        else:
            self.flush()

    def _run(self) -> None:
        while True:
            self._wake.wait()
            if not self._closed:
                time.sleep(_PAUSE)
            self._wake.clear()
            self.flush()
            if self._closed and not self._count and not self._entries:
                return

    def _make_lines(self) -> None:
        """Write down what was handed over, a few at a time.

        One by one takes twice as long: what makes a line is out of the processor's caches after a
        request. All at once, by the thread, would keep the interpreter from requests.
        """
        with self._taking:
            entries, self._entries = self._entries, []
            for entry in entries:
                self._lines += self._line(entry)
            self._count += len(entries)

    def _write_all(self) -> None:
        self._make_lines()
        with self._taking:
            lines, self._lines, self._count = self._lines, bytearray(), 0
            dropped, self._dropped = self._dropped, 0
        if dropped:
            lines += self._encode({"dropped": dropped}) + b"\n"
        start = 0
        while start < len(lines):
            stop = len(lines)
            if stop - start > self._at_once:
                last = lines.rfind(b"\n", start, start + self._at_once)
                stop = 1 + (last if last >= 0 else lines.index(b"\n", start))
            self._write(bytes(lines[start:stop]))
            start = stop

    def _line(self, entry: Entry) -> bytes:
        moment, method, route, status, seconds, client, name, who, model, digest, rows = entry
        second = int(moment)
        if second != self._second[0]:
            self._second = second, time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
        text = f"{self._second[1]}.{int((moment - second) * 1000):03d}Z"
        ms = round(seconds * 1000, 3)
        line = Line(text, method[:16], route, status, ms, client, name, who, model, digest, rows)
        return self._encode(line) + b"\n"

    def _write(self, data: bytes) -> None:
        try:
            while data:
                data = data[os.write(self._fd, data) :]
        except OSError:  # nobody reads it: requests are answered all the same
            with self._taking:
                self._dropped += data.count(b"\n")


def _is_pipe(fd: int) -> bool:
    try:
        mode = os.fstat(fd).st_mode
    except OSError:
        return True
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)
