"""Large bodies in little memory, bodies that are held back, and servers behind TLS."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from deployer.drills.proxy.client import FaultProxy
from deployer.drills.proxy.rules import Rule
from tests.deployer.drills.proxy.raw_http_kit import (
    DEADLINE,
    RawClient,
    RawServer,
    Seen,
    ok,
    read_head,
    serve_http,
)
from tests.fakes.tls import self_signed

SIZE = 200_000_000
BLOCK = bytes(1_000_000)
ROOM = 40_000_000


def resident(pid: int) -> int:
    """Bytes of memory that a process has had at most."""
    text = Path(f"/proc/{pid}/status").read_text()
    return int(text.split("VmHWM:")[1].split()[0]) * 1024


linux = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads /proc")


@linux
@pytest.mark.parametrize("effect", ["", "lose", "flip"])
def test_a_large_answer_is_not_kept(tmp_path: Path, effect: str) -> None:
    def handle(sock: socket.socket) -> None:
        sock.recv(65536)
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % SIZE)
        for _ in range(SIZE // len(BLOCK)):
            sock.sendall(BLOCK)

    with RawServer(handle) as server, FaultProxy(tmp_path) as proxy:
        port = proxy.listen("large", server.url)
        with RawClient(port) as client:
            if effect:
                proxy.add("large", Rule(effect, bytes=-1))  # type: ignore[arg-type]  # one of them
            before = resident(proxy.pid)
            client.ask()
            received = 0
            try:
                # The client is the slower one.
                while data := client.socket.recv(100_000):
                    received += len(data)
                    if received >= SIZE:
                        break
            except ConnectionResetError:
                assert effect == "lose"
            assert (received >= SIZE) == (effect != "lose")
        assert resident(proxy.pid) - before < ROOM


@linux
@pytest.mark.parametrize("effect", ["", "answer"])
def test_a_large_request_is_not_kept(tmp_path: Path, effect: str) -> None:
    def handle(sock: socket.socket) -> None:
        with sock.makefile("rb") as stream:
            read_head(stream)
            left = SIZE
            while left and (data := stream.read1(100_000)):
                left -= len(data)
            sock.sendall(ok(b"left %d" % left))

    with RawServer(handle) as server, FaultProxy(tmp_path) as proxy:
        port = proxy.listen("large", server.url)
        if effect:
            proxy.add("large", Rule("answer", status=200, body="left 0"))
        with RawClient(port) as client:
            before = resident(proxy.pid)
            client.send(b"PUT / HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % SIZE)
            for _ in range(SIZE // len(BLOCK)):
                client.send(BLOCK)
            assert client.answer().body == b"left 0"
        assert proxy.counts("large").sent == SIZE
        assert resident(proxy.pid) - before < ROOM


def test_a_client_that_does_not_read_holds_its_server_up(proxy: FaultProxy) -> None:
    sent = 0
    stopped = threading.Event()

    def handle(sock: socket.socket) -> None:
        nonlocal sent
        sock.recv(65536)
        sock.settimeout(0.5)
        sock.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        try:
            for _ in range(100):
                sent += sock.send(BLOCK)
        except TimeoutError:
            stopped.set()

    with RawServer(handle) as server, RawClient(proxy.listen("slow", server.url)) as client:
        client.ask()
        assert stopped.wait(DEADLINE)
        assert sent < 50_000_000


def test_a_server_that_does_not_read_holds_its_client_up(proxy: FaultProxy) -> None:
    done = threading.Event()

    def handle(sock: socket.socket) -> None:
        done.wait(DEADLINE)

    with RawServer(handle) as server, RawClient(proxy.listen("deaf", server.url)) as client:
        client.send(b"PUT / HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % SIZE)
        client.socket.settimeout(0.5)
        sent = 0
        with contextlib.suppress(TimeoutError):
            for _ in range(SIZE // len(BLOCK)):
                sent += client.socket.send(BLOCK)
        done.set()
        assert sent < 50_000_000


def test_a_body_is_held_back_until_the_server_wants_it(proxy: FaultProxy) -> None:
    seen = Seen()
    with RawServer(serve_http(lambda *_: ok(b"done"), seen)) as server:
        port = proxy.listen("continue", server.url)
        with RawClient(port) as client:
            for _ in range(2):
                client.ask("PUT", "/", more="Expect: 100-Continue\r\nContent-Length: 4\r\n")
                assert client.answer(bodiless=True).status == 100
                client.send(b"body")
                assert client.answer().body == b"done"
        # An answer is lost after the body was asked for and came.
        proxy.add("continue", Rule("lose"))
        with RawClient(port) as client:
            client.ask("PUT", "/", more="Expect: 100-Continue\r\nContent-Length: 4\r\n")
            assert client.answer(bodiless=True).status == 100
            client.send(b"lost")
            assert client.end() == "rst"
    assert seen.bodies == [b"body", b"body", b"lost"]


@pytest.fixture
def secure(tmp_path: Path) -> Iterator[tuple[int, Seen, Path]]:
    """A server behind TLS: its port, what it has seen, and the certificate to trust."""
    context, trusted = self_signed(tmp_path)
    seen = Seen()
    inner = serve_http(lambda _method, _target, body: ok(body * 2), seen)

    def handle(sock: socket.socket) -> None:
        with context.wrap_socket(sock, server_side=True) as wrapped:
            inner(wrapped)

    with RawServer(handle) as server:
        yield server.port, seen, trusted


def test_a_server_behind_tls_is_verified_and_gets_its_name(
    secure: tuple[int, Seen, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port, seen, trusted = secure
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    body = bytes(range(256)) * 10_000
    with FaultProxy(tmp_path / "logs") as proxy:
        entry = proxy.listen("tls", f"https://127.0.0.1:{port}")
        with RawClient(entry) as client:
            for _ in range(2):
                client.ask("PUT", "/", body)
                assert client.answer().body == body * 2
        number = proxy.add("tls", Rule("lose"))
        with RawClient(entry) as client:
            client.ask()
            assert client.end() == "rst"
        assert proxy.hits(number) == 1
    assert all(f"Host: 127.0.0.1:{port}\r\n".encode() in head for head in seen.heads)


def test_a_server_that_cannot_prove_its_name_gets_nothing(
    secure: tuple[int, Seen, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port, seen, trusted = secure
    for name, variable in (
        (f"https://127.0.0.1:{port}", ""),
        (f"https://localhost:{port}", trusted),
    ):
        monkeypatch.setenv("SSL_CERT_FILE", str(variable))
        with (
            FaultProxy(tmp_path / "logs") as proxy,
            RawClient(proxy.listen("tls", name)) as client,
        ):
            client.ask("PUT", "/", b"secret")
            assert client.end() == "rst"
    assert seen.requests == []
