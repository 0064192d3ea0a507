"""The strict fake: S3, GCS and Azure Blob in one process, for the real SDKs.

    with StrictCloud() as cloud:
        cloud.create_bucket("s3", "models")
        client = boto3.client("s3", endpoint_url=cloud.s3_endpoint, ...)

`tests.fakes.server` runs it as a process of its own.
"""

from __future__ import annotations

import socket
import threading
import traceback
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Self

from tests.fakes import admin
from tests.fakes.azure import Azure
from tests.fakes.azure_auth import ACCOUNT, ACCOUNT_KEY, DENIED_ACCOUNT
from tests.fakes.connection import Connection, DroppedError, LoggedRequest
from tests.fakes.faults import Fault, FaultBook, Script
from tests.fakes.gcs import Gcs
from tests.fakes.s3 import S3
from tests.fakes.state import Options, State, StoredObject

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

    from tests.fakes.common import Dialect
    from tests.fakes.wire import Request, Response


class Gate:
    """Holds one request at its commit until the test lets it go."""

    def __init__(self, dialect: str, operation: str, key: str, nth: int) -> None:
        self._want = (dialect, operation, key)
        self._nth = nth
        self._seen = 0
        self._lock = threading.Lock()
        self._go = threading.Event()
        self._commit = True
        self.arrived = threading.Event()
        self.request: Request | None = None

    def __str__(self) -> str:
        return f"pause at {'/'.join(self._want)} nth={self._nth}: {self._seen} matched"

    def hold(self, request: Request) -> None:
        dialect, operation, key = self._want
        if dialect not in {"*", request.dialect}:
            return
        if not (fnmatchcase(request.operation, operation) and fnmatchcase(request.key, key)):
            return
        with self._lock:
            self._seen += 1
            if self._seen != self._nth:
                return
        self.request = request
        self.arrived.set()
        self._go.wait()
        if not self._commit:
            raise DroppedError

    def wait(self, timeout: float = 10) -> Request:
        """Return the held request once it is there."""
        if not self.arrived.wait(timeout) or self.request is None:
            raise TimeoutError(f"{self} was not reached in {timeout} s")
        return self.request

    def release(self, *, commit: bool = True) -> None:
        """Let the request go on, or drop it and its connection."""
        self._commit = commit
        self._go.set()


class StrictCloud:
    """Three listeners on loopback, one per dialect, over three independent states."""

    def __init__(self, port: int = 0, *, tls: ssl.SSLContext | None = None) -> None:
        self.options = Options()
        self._tls = tls
        self.book = FaultBook()
        self.requests: list[LoggedRequest] = []
        self.errors: list[str] = []
        self._dialects: dict[str, Dialect] = {
            dialect.name: dialect
            for dialect in (
                S3(State(self.options)),
                Gcs(State(self.options)),
                Azure(State(self.options)),
            )
        }
        self._before: list[Callable[[Request], None]] = []
        self._after: list[Callable[[Request, Response], None]] = []
        self._gates: list[Gate] = []
        self._lock = threading.Lock()
        self._connections: set[socket.socket] = set()
        self._listeners: dict[str, socket.socket] = {}
        self._closed = False
        for offset, name in enumerate(self._dialects):
            listener = socket.create_server(
                ("127.0.0.1", port + offset if port else 0), backlog=256
            )
            self._listeners[name] = listener
            thread = threading.Thread(target=self._accept, args=(name, listener), daemon=True)
            thread.start()

    # Endpoints

    def _origin(self, dialect: str) -> str:
        scheme = "https" if self._tls else "http"
        return f"{scheme}://127.0.0.1:{self._listeners[dialect].getsockname()[1]}"

    @property
    def s3_endpoint(self) -> str:
        """For boto3's endpoint_url or AWS_ENDPOINT_URL_S3; access key and secret are "test"."""
        return self._origin("s3")

    @property
    def gcs_endpoint(self) -> str:
        """For client_options["api_endpoint"] or STORAGE_EMULATOR_HOST."""
        return self._origin("gcs")

    @property
    def azure_endpoint(self) -> str:
        return f"{self._origin('azure')}/{ACCOUNT}"

    @property
    def azure_connection_string(self) -> str:
        return self.azure_connection()

    def azure_connection(self, account: str = ACCOUNT, key: str = ACCOUNT_KEY) -> str:
        """Return a connection string; of another account or key to be refused."""
        return (
            f"DefaultEndpointsProtocol={'https' if self._tls else 'http'};AccountName={account};AccountKey={key};"
            f"BlobEndpoint={self._origin('azure')}/{account};"
        )

    @property
    def azure_denied_connection_string(self) -> str:
        """An account that is known and may do nothing."""
        return self.azure_connection(DENIED_ACCOUNT)

    def endpoints(self) -> dict[str, str]:
        return {
            "s3_endpoint": self.s3_endpoint,
            "gcs_endpoint": self.gcs_endpoint,
            "azure_endpoint": self.azure_endpoint,
            "azure_connection_string": self.azure_connection_string,
            "admin": self.s3_endpoint,
        }

    # State, seen and changed behind the protocols

    def dialect(self, name: str) -> Dialect:
        return self._dialects[name]

    def create_bucket(self, dialect: str, name: str) -> None:
        self._dialects[dialect].state.create_bucket(name)

    def buckets(self, dialect: str) -> list[str]:
        return sorted(self._dialects[dialect].state.buckets)

    def objects(self, dialect: str, bucket: str) -> dict[str, bytes]:
        state = self._dialects[dialect].state
        with state.lock:
            return {key: held.data for key, held in state.buckets[bucket].objects.items()}

    def stored(self, dialect: str, bucket: str, key: str) -> StoredObject:
        """Return everything the cloud knows of one object."""
        return self._dialects[dialect].state.buckets[bucket].objects[key]

    def tamper(
        self, dialect: str, bucket: str, key: str, data: bytes, *, bit_rot: bool = False
    ) -> None:
        """Change an object behind the client's back.

        By default somebody overwrote it: ETag, generation and server-side checksums are those of
        the new bytes and the metadata stays, so only a checksum of the client's own can tell.
        With `bit_rot` the disk lied: everything but the bytes stays as it was.
        """
        held = self._dialects[dialect]
        with held.state.lock:
            objects = held.state.buckets[bucket]
            old = objects.objects[key]
            if bit_rot:
                objects.put(replace(old, data=data))
            else:
                objects.put(held.rebuilt(old, data))

    def pending_uploads(self, dialect: str, bucket: str) -> list[str]:
        """List the keys of unfinished uploads.

        S3: multipart uploads; GCS: resumable sessions; Azure: blobs with uncommitted blocks.
        """
        return self._dialects[dialect].pending(bucket)

    # Faults and hooks

    def script(self, *faults: Fault) -> Script:
        """Add faults; see tests.fakes.faults."""
        return self.book.add(faults)

    def on_request(self, callback: Callable[[Request], None]) -> None:
        """Call back with each complete request before it is carried out."""
        self._before.append(callback)

    def on_response(self, callback: Callable[[Request, Response], None]) -> None:
        """Call back after each request is carried out, before its answer is sent."""
        self._after.append(callback)

    def pause_before_commit(
        self, dialect: str = "*", operation: str = "*", key: str = "*", nth: int = 1
    ) -> Gate:
        """Hold the nth matching request, complete but not yet carried out."""
        gate = self._gate(dialect, operation, key, nth)
        self._before.append(gate.hold)
        return gate

    def pause_after_commit(
        self, dialect: str = "*", operation: str = "*", key: str = "*", nth: int = 1
    ) -> Gate:
        """Hold the answer of the nth matching request, which is committed by then."""
        gate = self._gate(dialect, operation, key, nth)
        self._after.append(lambda request, _response: gate.hold(request))
        return gate

    def _gate(self, dialect: str, operation: str, key: str, nth: int) -> Gate:
        gate = Gate(dialect, operation, key, nth)
        self._gates.append(gate)
        return gate

    def assert_exhausted(self) -> None:
        """Raise AssertionError for what was scripted and never happened, and for own defects."""
        left = [str(fault) for fault in self.book.all().unfired()]
        left += [str(gate) for gate in self._gates if not gate.arrived.is_set()]
        if left:
            raise AssertionError("faults that did not fire:\n" + "\n".join(left))
        if self.errors:
            raise AssertionError("defects of the fake itself:\n" + "\n".join(self.errors))

    # Called by the connections

    def before_commit(self, request: Request) -> None:
        for callback in self._before:
            callback(request)

    def after_commit(self, request: Request, response: Response) -> None:
        for callback in self._after:
            callback(request, response)

    def log(self, entry: LoggedRequest) -> None:
        self.requests.append(entry)

    def failed(self, request: Request, error: Exception) -> None:
        trace = "".join(traceback.format_exception(error))
        self.errors.append(f"{request.method} {request.raw_path}\n{trace}")

    def admin(self, request: Request) -> Response:
        return admin.handle(self, request)

    # Life

    def _accept(self, name: str, listener: socket.socket) -> None:
        while True:
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            with self._lock:
                if self._closed:
                    sock.close()
                    return
                self._connections.add(sock)
            threading.Thread(target=self._serve, args=(name, sock), daemon=True).start()

    def _serve(self, name: str, sock: socket.socket) -> None:
        spoken = sock
        try:
            spoken = self._tls.wrap_socket(sock, server_side=True) if self._tls else sock
            with self._lock:
                self._connections.add(spoken)
            Connection(spoken, self._dialects[name], self).serve()
        except OSError:
            sock.close()  # the handshake failed: the client is told by that
        finally:
            with self._lock:
                self._connections -= {sock, spoken}

    def close(self) -> None:
        """Stop listening, let everything held go, and cut the connections."""
        with self._lock:
            self._closed = True
            connections = list(self._connections)
        for listener in self._listeners.values():
            _shut(listener)
            listener.close()
        for sock in connections:
            _shut(sock)
        # What was held is let go last: nobody is to get an answer from a cloud that is gone.
        self.book.all().release()
        for gate in self._gates:
            gate.release(commit=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_rest: object) -> None:
        self.close()
        if kind is None:
            self.assert_exhausted()


def _shut(sock: socket.socket) -> None:
    try:
        sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # closed by its own thread, or by the peer
