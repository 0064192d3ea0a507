"""Answers that come slowly, that break off, and whose bits flip."""

import queue
import time
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from deployer.drills.proxy.client import FaultProxy
from deployer.drills.proxy.rules import Rule
from tests.deployer.drills.proxy.raw_http_kit import (
    DEADLINE,
    RawClient,
    RawServer,
    Seen,
    serve_http,
)

BODY = bytes(range(200))
NAME = "damaged"


class Served:
    """What the server sends next, by how its end is told."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.framing = "length"
        self.parts = [BODY]

    def answer(self) -> bytes:
        body = b"".join(self.parts)
        if self.framing == "length":
            return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
        framed = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in self.parts if part)
        return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + framed + b"0\r\n\r\n"

    def fetch(self) -> bytes:
        """Return the body that came, unframed, as far as it came."""
        with RawClient(self.port) as client:
            client.send(b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n")
            head, _, body = client.stream.read().partition(b"\r\n\r\n")
            if b"chunked" not in head:
                assert b"Content-Length: %d" % sum(map(len, self.parts)) in head
                return body
            content = b""
            while body:
                size, _, rest = body.partition(b"\r\n")
                count = int(size, 16)
                content += rest[:count]
                body = rest[count + 2 :]
            return content


@pytest.fixture(scope="module")
def served(proxy: FaultProxy) -> Iterator[Served]:
    holder: queue.Queue[Served] = queue.Queue()

    def handle(sock):  # type: ignore[no-untyped-def]
        served = holder.queue[0]
        sock.recv(65536)
        sock.sendall(served.answer())

    with RawServer(handle) as server:
        served = Served(proxy.listen(NAME, server.url))
        holder.put(served)
        yield served


@pytest.fixture(autouse=True)
def no_rules(proxy: FaultProxy) -> Iterator[None]:
    yield
    proxy.clear()


PARTS = st.lists(st.binary(min_size=1, max_size=30), min_size=1, max_size=6)


@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(parts=PARTS, at=st.integers(-200, 200), framing=st.sampled_from(["length", "chunked"]))
def test_flip_flips_one_bit_of_one_byte(
    proxy: FaultProxy, served: Served, parts: list[bytes], at: int, framing: str
) -> None:
    served.parts, served.framing = parts, framing
    number = proxy.add(NAME, Rule("flip", bytes=at))
    try:
        came = served.fetch()
    finally:
        proxy.remove(number)
    expected = bytearray(b"".join(parts))
    there = -len(expected) <= at < len(expected)
    if there:
        expected[at] ^= 1
    assert came == bytes(expected)
    assert proxy.hits(number) == there


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@example(parts=[b"abc", b"de"], at=5, framing="length")
@example(parts=[b"abc", b"de"], at=4, framing="length")
@given(parts=PARTS, at=st.integers(0, 200), framing=st.sampled_from(["length", "chunked"]))
def test_truncate_ends_in_the_middle(
    proxy: FaultProxy, served: Served, parts: list[bytes], at: int, framing: str
) -> None:
    served.parts, served.framing = parts, framing
    number = proxy.add(NAME, Rule("truncate", bytes=at))
    try:
        came = served.fetch()
    finally:
        proxy.remove(number)
    whole = b"".join(parts)
    assert came == whole[:at]
    assert proxy.hits(number) == (at < len(whole))


def test_drip_is_slow_from_the_head_on(proxy: FaultProxy, served: Served) -> None:
    served.parts, served.framing = [BODY], "length"
    total = len(served.answer())
    number = proxy.add(NAME, Rule("drip", rate=1000, times=1))
    got = b""
    with RawClient(served.port) as client:
        start = time.monotonic()
        client.send(b"GET / HTTP/1.1\r\n\r\n")
        while len(got) < total:
            got += client.socket.recv(65536)
            # The clock of uvloop counts whole milliseconds, its timers too: two may be missing.
            assert time.monotonic() - start >= len(got) / 1000 - 0.003
    assert got == served.answer()
    assert proxy.hits(number) == 1


def test_drip_ends_with_its_rule(proxy: FaultProxy, served: Served) -> None:
    served.parts, served.framing = [BODY], "length"
    number = proxy.add(NAME, Rule("drip", rate=0.1))
    with RawClient(served.port) as client, RawClient(served.port) as gone:
        for each in (client, gone):
            each.send(b"GET / HTTP/1.1\r\n\r\n")
        assert proxy.wait_hits(number, 2, DEADLINE)
        gone.close()
        proxy.remove(number)
        assert client.end() == "rst"
    assert served.fetch() == BODY


def test_flip_in_a_body_that_ends_with_its_connection(proxy: FaultProxy) -> None:
    def handle(sock):  # type: ignore[no-untyped-def]
        sock.recv(65536)
        sock.sendall(b"HTTP/1.1 200 OK\r\n\r\nabcdef")

    with RawServer(handle) as server:
        port = proxy.listen("endless", server.url)
        proxy.add("endless", Rule("flip", bytes=-6))
        with RawClient(port) as client:
            client.send(b"GET / HTTP/1.1\r\n\r\n")
            assert client.stream.read().endswith(b"\r\n\r\n`bcdef")


def test_a_large_body_is_flipped_where_it_should_be(proxy: FaultProxy) -> None:
    body = bytes(3_000_000)
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
    with RawServer(serve_http(lambda *_: answer, Seen())) as server:
        port = proxy.listen("large", server.url)
        proxy.add("large", Rule("flip", bytes=2_000_001, times=1))
        with RawClient(port) as client:
            came = client.get().body
            assert [at for at in range(0, len(came), 1) if came[at]] == [2_000_001]
            assert client.get().body == body
