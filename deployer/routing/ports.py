"""Ports to listen on."""

import socket

__all__ = ["free_port", "is_taken"]


def free_port(host: str) -> int:
    """Return a port that nobody listens on now; another process may still be quicker."""
    with socket.socket(_family(host), socket.SOCK_STREAM) as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
    return port


def is_taken(host: str, port: int) -> bool:
    """Whether somebody listens there.

    Asked before a proxy is started: proxies share a port among themselves (SO_REUSEPORT), so that a
    second one would not fail, but get a part of the first one's requests.
    """
    with socket.socket(_family(host), socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return True
    return False


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET
