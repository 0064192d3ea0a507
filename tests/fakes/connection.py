"""One client's connection: requests in, faults applied, answers out."""

from __future__ import annotations

import contextlib
import socket
import struct
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol, cast

from tests.fakes import faults
from tests.fakes.common import ApiError
from tests.fakes.wire import (
    BadRequestError,
    BodyReader,
    ClientGoneError,
    Response,
    head_bytes,
    read_request,
)

if TYPE_CHECKING:
    from io import BufferedReader

    from tests.fakes.common import Dialect
    from tests.fakes.faults import Fault, FaultBook
    from tests.fakes.wire import Request


@dataclass(frozen=True, slots=True)
class LoggedRequest:
    """A line of `cloud.requests`. `status` is 0 when no answer was made."""

    dialect: str
    operation: str
    key: str
    status: int
    bucket: str
    fault: str | None
    headers: dict[str, str]
    sent: int  # bytes of the request's body
    received: int  # bytes of the answer's body


class DroppedError(Exception):
    """A held request was let go without being carried out."""


class Cloud(Protocol):
    """What a connection needs of the cloud it belongs to."""

    book: FaultBook

    def before_commit(self, request: Request) -> None: ...
    def after_commit(self, request: Request, response: Response) -> None: ...
    def log(self, entry: LoggedRequest) -> None: ...
    def failed(self, request: Request, error: Exception) -> None: ...
    def admin(self, request: Request) -> Response: ...


class Connection:
    """Serves requests until either side closes."""

    def __init__(self, sock: socket.socket, dialect: Dialect, cloud: Cloud) -> None:
        self._sock = sock
        self._dialect = dialect
        self._cloud = cloud

    def serve(self) -> None:
        # The client may vanish at any byte: that is no error of this side.
        with self._sock, contextlib.suppress(OSError, ClientGoneError, BadRequestError):
            self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with cast("BufferedReader", self._sock.makefile("rb", 65536)) as stream:
                while self._one(stream):
                    pass

    def _one(self, stream: BufferedReader) -> bool:
        """Serve one request; False ends the connection."""
        request = read_request(stream)
        if request is None:
            return False
        body = BodyReader(stream, request, self._continue)
        if request.raw_path.startswith("/_admin/"):
            request.body = body.everything()
            return self._send(self._cloud.admin(request), request, None)
        request.dialect = self._dialect.name
        try:
            self._dialect.identify(request, body.peek)
        except ApiError as error:
            request.operation = "unknown"
            request.body = body.everything()
            return self._answer(request, self._dialect.error(request, error), None)
        fault = self._cloud.book.claim(request)
        if fault is not None and self._cut_short(request, body, fault):
            return False
        request.body = body.everything()
        try:
            response = self._respond(request, fault)
        except DroppedError:
            self._log(request, 0, fault, 0)
            return self._reset()
        return self._answer(request, response, fault)

    def _continue(self) -> None:
        self._sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _cut_short(self, request: Request, body: BodyReader, fault: Fault) -> bool:
        """Play the faults that never see the whole request."""
        action = fault.action
        if action.kind == "reset":
            received = b""
        elif action.kind == "cut_upload":
            received = body.at_most(action.n)
            self._dialect.cut(request, received)
        else:
            return False
        self._log(request, 0, fault, 0, sent=len(received))
        self._reset()
        return True

    def _respond(self, request: Request, fault: Fault | None) -> Response:
        self._cloud.before_commit(request)
        try:
            if fault is not None and fault.action.kind in faults.ANSWERS:
                raise self._dialect.scripted(request, fault.action)
            response = self._dialect.handle(request)
        except ApiError as error:
            response = self._dialect.error(request, error)
        except DroppedError:
            raise
        except Exception as error:  # noqa: BLE001 - a defect of the fake must fail the test
            self._cloud.failed(request, error)
            response = Response(500, {"Connection": "close"})
        if fault is not None and fault.action.kind == "error_in_200":
            refusal = ApiError(200, fault.action.code, "scripted")
            response = self._dialect.error(request, refusal)
        self._cloud.after_commit(request, response)
        return response

    def _log(
        self, request: Request, status: int, fault: Fault | None, received: int, sent: int = -1
    ) -> None:
        self._cloud.log(
            LoggedRequest(
                request.dialect,
                request.operation,
                request.key,
                status,
                request.bucket,
                None if fault is None else fault.action.kind,
                request.headers,
                len(request.body) if sent < 0 else sent,
                received,
            )
        )

    def _answer(self, request: Request, response: Response, fault: Fault | None) -> bool:
        if fault is not None and not _applies(fault, response):
            self._cloud.book.give_back(fault)
            fault = None
        # Logged before it is sent: a test that has its answer finds the request in the log.
        self._log(request, response.status, fault, len(response.body))
        if fault is not None and fault.action.kind == "lose_response":
            return False
        return self._send(response, request, fault)

    def _send(self, response: Response, request: Request, fault: Fault | None) -> bool:
        close = (
            request.headers.get("connection", "").lower() == "close"
            or response.headers.get("Connection") == "close"
        )
        body = response.body
        if fault is not None and fault.action.kind == "flip_byte":
            at = fault.action.n
            body = body[:at] + bytes([body[at] ^ 0xFF]) + body[at + 1 :]
            response = replace(response, body=body)
        head = head_bytes(response, {"Connection": "close"} if close else {})
        if fault is not None and fault.action.kind == "truncate":
            self._sock.sendall(head + body[: fault.action.n])
            return False
        if fault is not None and fault.action.kind == "stall":
            sent = head + body[: fault.action.n] if body else b""
            self._sock.sendall(sent)
            fault.released.wait(fault.action.seconds)
            self._sock.sendall((head + body)[len(sent) :])
            return not close
        if len(body) < 65536:
            self._sock.sendall(head + body)
        else:
            self._sock.sendall(head)
            self._sock.sendall(body)
        return not close

    def _reset(self) -> bool:
        """Close with RST rather than FIN: the peer sees ECONNRESET."""
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return False


def _applies(fault: Fault, response: Response) -> bool:
    """Whether the fault changes anything in this answer."""
    kind, n = fault.action.kind, fault.action.n
    if kind == "truncate":
        return 0 <= n < len(response.body)
    if kind == "flip_byte":
        return response.status < 300 and 0 <= n < len(response.body)
    return True
