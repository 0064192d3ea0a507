"""One port for several workers: reserved by the supervisor, listened on by each of them.

Linux and BSD hand a connection to one of the listeners of a port that all have SO_REUSEPORT set
(socket(7)); a socket that is bound but does not listen gets none, and keeps the port.
"""

import errno
import socket
from dataclasses import dataclass

from deployer.errors import FailedError, UsageError

__all__ = ["Port", "Ports", "address", "reserve"]


@dataclass(frozen=True)
class Ports:
    """Which ports to listen on; None for none, 0 for any that is free."""

    rest: int
    grpc: int | None
    admin: int | None


class Port:
    """A reserved port.

    Attributes:
        number: of the port.

    """

    def __init__(self, holder: socket.socket) -> None:
        self._holder = holder
        self.number: int = holder.getsockname()[1]

    def close(self) -> None:
        """Give the port back."""
        self._holder.close()


def address(host: str, port: int) -> str:
    """Return where a client on this machine finds a port that listens on `host`."""
    local = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - reads it
    return f"[{local}]:{port}" if ":" in local else f"{local}:{port}"


def reserve(host: str, port: int, *, what: str) -> Port:
    """Return a port that workers can listen on together, and nobody else.

    Args:
        host: address to listen on.
        port: its number; 0 for any that is free.
        what: it is for, as the option is called, for messages.

    Raises:
        UsageError: it is taken or not allowed, the address is not this machine's, or the system
            cannot share a port.

    """
    if not hasattr(socket, "SO_REUSEPORT"):
        raise UsageError("serve needs a system that shares ports", hint="use Linux, or a container")
    where = address(host, port)
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        if port:
            # Another server of the same user that shares its port, too, would let us join it.
            with socket.socket(family, socket.SOCK_STREAM) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind((host, port))
        holder = socket.socket(family, socket.SOCK_STREAM)
        # Connections that a server before has closed keep its port for a minute (TIME_WAIT).
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        holder.bind((host, port))
    except socket.gaierror as error:
        raise UsageError(
            f"no such address: {host}", where=where, hint="use 127.0.0.1 or 0.0.0.0: --host"
        ) from error
    except OSError as error:
        raise _refused(error, where, what) from error
    return Port(holder)


def _refused(error: OSError, where: str, what: str) -> FailedError | UsageError:
    if error.errno == errno.EADDRINUSE:
        return UsageError(
            "another program listens there", where=where, hint=f"stop it, or use another --{what}"
        )
    if error.errno == errno.EACCES:
        return UsageError(
            "this user may not listen there", where=where, hint=f"use a --{what} from 1024"
        )
    if error.errno == errno.EADDRNOTAVAIL:
        return UsageError(
            "not an address of this machine", where=where, hint="use 127.0.0.1 or 0.0.0.0: --host"
        )
    return FailedError(f"cannot listen: {error.strerror}", where=where)
