"""Which ports a server takes, and which it leaves to others."""

import socket

import pytest

from deployer.errors import UsageError
from deployer.serving.run.ports import reserve


def listening() -> socket.socket:
    server = socket.socket()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind(("127.0.0.1", 0))
    server.listen()
    return server


def test_a_port_whose_server_has_just_gone_is_taken_over() -> None:
    with listening() as server:
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)) as client:
            served, _ = server.accept()
            served.close()  # first, so that the port's side of it lingers (tcp(7), TIME_WAIT)
            assert client.recv(1) == b""
    reserved = reserve("127.0.0.1", port, what="port")
    assert reserved.number == port
    reserved.close()


def test_a_port_that_somebody_listens_on_is_left_alone() -> None:
    with listening() as server:
        port = server.getsockname()[1]
        with pytest.raises(UsageError, match="another program listens there"):
            reserve("127.0.0.1", port, what="port")
