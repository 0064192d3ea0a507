"""Without a rule nothing is changed: neither a byte, nor how a connection ends."""

import itertools
import queue
import socket
import time
from collections.abc import Callable, Iterator

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from deployer.drills.proxy.client import FaultProxy
from deployer.drills.proxy.rules import Match, Rule
from tests.deployer.drills.proxy.raw_http_kit import RawClient, RawServer, reset

Script = Callable[[socket.socket], None]

# The proxy's rules and ports are the same for all examples; that is what is tested.
EXAMPLES = settings(
    max_examples=70,
    deadline=None,
    # To shrink what hangs would take an hour.
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)

NAMES = st.sampled_from([b"X-A", b"x-a", b"ETag", b"Date", b"Host", b"a", b"Accept-Encoding"])
VALUES = st.sampled_from([b"", b" 1", b"  two  words ", b"\t\xe9", b" a:b", b" close"])
HEADERS = st.lists(st.builds(lambda name, value: name + b":" + value, NAMES, VALUES), max_size=5)
BODIES = st.one_of(st.just(b""), st.binary(max_size=80), st.integers(0, 300_000).map(bytes))
LINES = st.sampled_from([b"\r\n", b"\n"])


@st.composite
def framed(draw: st.DrawFn, first: bytes, *, bodiless: bool = False) -> bytes:
    """A message: its first line, headers of any case in any order, and a body in either framing."""
    line = draw(LINES)
    headers = draw(HEADERS)
    body = draw(BODIES)
    if draw(st.booleans()):
        size = max(1, len(body) // draw(st.integers(1, 5)))
        parts = [body[at : at + size] for at in range(0, len(body), size)]
        name = draw(st.sampled_from([b"Transfer-Encoding: chunked", b"transfer-encoding:Chunked"]))
        body = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
    else:
        name = draw(st.sampled_from([b"Content-Length: %d", b"CONTENT-LENGTH:%d"])) % len(body)
    headers.insert(draw(st.integers(0, len(headers))), name)
    return line.join([first, *headers]) + line * 2 + (b"" if bodiless else body)


@st.composite
def exchanges(draw: st.DrawFn) -> list[tuple[bytes, bytes]]:
    """Requests and their answers."""
    both = []
    for _ in range(draw(st.integers(1, 4))):
        method = draw(st.sampled_from([b"GET", b"PUT", b"HEAD", b"DELETE", b"pOsT"]))
        target = draw(st.sampled_from([b"/", b"/a%20b?c=d&e", b"*", b"//x/../y"]))
        request = draw(framed(method + b" " + target + b" HTTP/1.1"))
        status = draw(
            st.sampled_from([b"200 OK", b"404 ", b"503 Slow Down", b"304 Not", b"204 No"])
        )
        bodiless = method == b"HEAD" or status[:3] in {b"304", b"204"}
        answer = draw(framed(b"HTTP/1.1 " + status, bodiless=bodiless))
        if draw(st.booleans()):
            answer = b"HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n" + answer
        both.append((request, answer))
    return both


@pytest.fixture(scope="module")
def scripts() -> "queue.Queue[Script]":
    return queue.Queue()


@pytest.fixture(scope="module")
def port(proxy: FaultProxy, scripts: "queue.Queue[Script]") -> Iterator[int]:
    def handle(sock: socket.socket) -> None:
        scripts.get(timeout=1)(sock)

    with RawServer(handle) as server:
        port = proxy.listen("transparent", server.url)
        # A rule that takes no request changes nothing either.
        proxy.add("transparent", Rule("reset", match=Match(methods=("NEVER",))))
        yield port


def in_parts(sock: socket.socket, data: bytes, cuts: list[int]) -> None:
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    for start, end in itertools.pairwise(edges):
        sock.sendall(data[start:end])


def exactly(sock: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count and (more := sock.recv(count - len(data))):
        data += more
    return data


CUTS = st.lists(st.integers(0, 400_000), max_size=6)


@EXAMPLES
@given(both=exchanges(), cuts=CUTS, pipelined=st.booleans())
def test_bytes_are_the_same_both_ways(
    port: int,
    scripts: "queue.Queue[Script]",
    both: list[tuple[bytes, bytes]],
    cuts: list[int],
    *,
    pipelined: bool,
) -> None:
    got: queue.Queue[bytes] = queue.Queue()

    def script(sock: socket.socket) -> None:
        for request, answer in both:
            got.put(exactly(sock, len(request)))
            in_parts(sock, answer, cuts)
        got.put(sock.recv(1))

    scripts.put(script)
    with RawClient(port) as client:
        if pipelined:
            # What the server sends must find room while we send.
            requests = b"".join(request for request, _ in both)
            in_parts(client.socket, requests, cuts)
        for request, answer in both:
            if not pipelined:
                in_parts(client.socket, request, cuts)
            assert exactly(client.socket, len(answer)) == answer
            assert got.get(timeout=5) == request
    assert got.get(timeout=5) == b"", "the server gets what nobody sent, or no end"


@EXAMPLES
@given(sent=st.binary(max_size=400), answer=st.binary(max_size=400), cuts=CUTS)
def test_what_is_no_http_is_passed_on_as_well(
    port: int, scripts: "queue.Queue[Script]", sent: bytes, answer: bytes, cuts: list[int]
) -> None:
    sent = b"\x16\x03\n\n" + sent
    got: queue.Queue[bytes] = queue.Queue()

    def script(sock: socket.socket) -> None:
        data = b""
        while more := sock.recv(65536):
            data += more
        got.put(data)
        in_parts(sock, answer, cuts)

    scripts.put(script)
    with RawClient(port) as client:
        in_parts(client.socket, sent, cuts)
        client.socket.shutdown(socket.SHUT_WR)
        assert client.stream.read() == answer
    assert got.get(timeout=5) == sent


GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\n\r\nuntil the end",
        b"HTTP/1.0 200 OK\r\nContent-Length: 4\r\n\r\nbody",
        b"HTTP/1.1 200 OK\r\nContent-Length: 400\r\n\r\ntoo little",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\nbroken",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n3",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n\x00\x01",
        b"HTTP/1.1 200 OK\r\nContent-Len",
        b"SSH-2.0-server\r\n",
        b"no head " * 20_000,
        b"",
    ],
)
def test_an_answer_that_ends_with_the_connection(
    port: int, scripts: "queue.Queue[Script]", answer: bytes
) -> None:
    def script(sock: socket.socket) -> None:
        exactly(sock, len(GET))
        sock.sendall(answer)

    scripts.put(script)
    with RawClient(port) as client:
        client.send(GET)
        assert client.stream.read() == answer


def test_a_server_that_closes_when_nothing_is_asked(
    port: int, scripts: "queue.Queue[Script]"
) -> None:
    def script(sock: socket.socket) -> None:
        exactly(sock, len(GET))
        sock.sendall(b"HTTP/1.1 204 No\r\n\r\n")

    scripts.put(script)
    with RawClient(port) as client:
        client.send(GET)
        assert client.stream.read() == b"HTTP/1.1 204 No\r\n\r\n"


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"])
def test_a_reset_by_the_server(port: int, scripts: "queue.Queue[Script]", answer: bytes) -> None:
    go: queue.Queue[None] = queue.Queue()

    def script(sock: socket.socket) -> None:
        exactly(sock, len(GET))
        sock.sendall(answer)
        go.get(timeout=5)
        reset(sock)

    scripts.put(script)
    with RawClient(port) as client:
        client.send(GET)
        assert exactly(client.socket, len(answer)) == answer
        go.put(None)
        assert client.end() == "rst"


@pytest.mark.parametrize("begun", [GET, b"PUT / HTTP/1.1\r\nContent-Length: 9\r\n\r\nhalf"])
def test_a_reset_by_the_client(port: int, scripts: "queue.Queue[Script]", begun: bytes) -> None:
    came: queue.Queue[str] = queue.Queue()

    def script(sock: socket.socket) -> None:
        came.put(exactly(sock, len(begun)).decode())
        try:
            came.put(sock.recv(1).decode())
        except ConnectionResetError:
            came.put("rst")

    scripts.put(script)
    with RawClient(port) as client:
        client.send(begun)
        assert came.get(timeout=5) == begun.decode()
        client.stream.close()
        reset(client.socket)
        assert came.get(timeout=5) == "rst"


@pytest.mark.parametrize("begun", [GET, b"PUT / HTTP/1.1\r\nContent-Length: 9\r\n\r\nhalf"])
def test_an_end_by_the_client_is_told_and_the_answer_comes(
    port: int, scripts: "queue.Queue[Script]", begun: bytes
) -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlate"

    def script(sock: socket.socket) -> None:
        exactly(sock, len(begun))
        if not sock.recv(1):
            sock.sendall(answer)

    scripts.put(script)
    with RawClient(port) as client:
        client.send(begun)
        client.socket.shutdown(socket.SHUT_WR)
        assert client.stream.read() == answer


def test_an_end_by_the_client_while_it_waits_is_told(
    port: int, scripts: "queue.Queue[Script]"
) -> None:
    came: queue.Queue[bytes] = queue.Queue()

    def script(sock: socket.socket) -> None:
        came.put(exactly(sock, len(GET)))
        came.put(sock.recv(1))

    scripts.put(script)
    with RawClient(port) as client:
        client.send(GET)
        assert came.get(timeout=5) == GET
        client.socket.shutdown(socket.SHUT_WR)
        assert came.get(timeout=5) == b""


def test_heads_that_come_byte_by_byte(port: int, scripts: "queue.Queue[Script]") -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
    go: queue.Queue[None] = queue.Queue()

    def script(sock: socket.socket) -> None:
        assert exactly(sock, len(GET)) == GET
        for each in answer:
            sock.sendall(bytes([each]))
            time.sleep(0.001)  # else the kernel joins them
        go.get(timeout=5)

    scripts.put(script)
    with RawClient(port) as client:
        for each in GET:
            client.send(bytes([each]))
            time.sleep(0.001)
        assert exactly(client.socket, len(answer)) == answer
        go.put(None)


def test_an_early_answer_comes_while_the_body_is_sent(
    port: int, scripts: "queue.Queue[Script]"
) -> None:
    head = b"PUT / HTTP/1.1\r\nContent-Length: 10\r\n\r\n"
    answer = b"HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno"

    def script(sock: socket.socket) -> None:
        exactly(sock, len(head))
        sock.sendall(answer)
        exactly(sock, 10)
        exactly(sock, len(GET))
        sock.sendall(b"HTTP/1.1 204 No\r\n\r\n")

    scripts.put(script)
    with RawClient(port) as client:
        client.send(head)
        assert exactly(client.socket, len(answer)) == answer
        client.send(b"0123456789" + GET)
        assert exactly(client.socket, 12) == b"HTTP/1.1 204"


CHUNKS = b"3\r\nabc\r\n0\r\n\r\n"


@pytest.mark.parametrize("cut", range(1, len(CHUNKS)))
def test_chunks_that_come_in_parts(port: int, scripts: "queue.Queue[Script]", cut: int) -> None:
    # What can be passed on of the first part: whole lines of the framing, and all content.
    passed = cut if cut in range(3, 7) else CHUNKS.rfind(b"\n", 0, cut) + 1
    request = b"PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
    answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    got: queue.Queue[bytes] = queue.Queue()
    go: queue.Queue[None] = queue.Queue()

    def script(sock: socket.socket) -> None:
        got.put(exactly(sock, len(request) + passed))
        got.put(exactly(sock, len(CHUNKS) - passed))
        sock.sendall(answer + CHUNKS[:cut])
        go.get(timeout=5)
        sock.sendall(CHUNKS[cut:])

    scripts.put(script)
    with RawClient(port) as client:
        client.send(request + CHUNKS[:cut])
        begun = got.get(timeout=5)
        client.send(CHUNKS[cut:])
        assert begun + got.get(timeout=5) == request + CHUNKS
        begun = exactly(client.socket, len(answer) + passed)
        go.put(None)
        assert begun + exactly(client.socket, len(CHUNKS) - passed) == answer + CHUNKS


def test_a_server_that_is_not_there_is_a_reset(proxy: FaultProxy) -> None:
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        url = f"http://127.0.0.1:{nobody.getsockname()[1]}"
    with RawClient(proxy.listen("nobody", url)) as client:
        client.send(GET)
        assert client.end() == "rst"
