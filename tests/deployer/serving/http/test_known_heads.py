"""A head that was read is known again, and a request is read alike whether it is or not."""

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.serving.http.messages import Response
from deployer.serving.http.reading import Incoming, Reader
from deployer.serving.http.request import Request

Seen = tuple[str, str, dict[str, str], bytes, bool, bool]


class Server:
    """Limits."""

    max_headers = 16 * 1024
    max_body = 1024 * 1024
    held = 0

    def hold(self, count: int) -> None:
        self.held += count


class Handler:
    """Admits all but those without a key."""

    def __init__(self) -> None:
        self.admitted = 0
        self.key = "right"

    def admit(self, request: Request) -> Response | None:
        self.admitted += 1
        given = request.headers.get("x-api-key")
        return None if given == self.key else Response(401, [], b"")


class Reading:
    """A reader, what it read, and how often it parsed."""

    def __init__(self) -> None:
        self.seen: list[Seen] = []
        self.handler = Handler()
        self.reader = Reader(Server(), self.handler, "client", self.take)  # type: ignore[arg-type] # near enough
        self.parsed = 0
        real = self.reader._parse

        def parse(data: bytes) -> None:
            self.parsed += 1
            real(data)

        self.reader._parse = parse  # type: ignore[method-assign]

    def take(self, message: Incoming) -> None:
        request = message.request
        headers = dict(request.headers)
        refused = message.refused is not None
        self.seen.append(
            (request.method, request.path, headers, message.body(), refused, request.keep)
        )

    def feed(self, *parts: bytes) -> "Reading":
        for part in parts:
            self.reader.feed(part)
        return self


def request(body: bytes = b"{}", *lines: str, key: str = "right", method: str = "POST") -> bytes:
    sent = [f"{method} /v2/models/m/infer HTTP/1.1", "Host: h", f"X-API-Key: {key}", *lines]
    if body or method == "POST":
        sent.append(f"Content-Length: {len(body)}")
    return "\r\n".join(sent).encode() + b"\r\n\r\n" + body


def test_the_same_head_is_parsed_once() -> None:
    it = Reading().feed(request(b"ab"), request(b"cd"), request(b"ef"))
    assert [each[3] for each in it.seen] == [b"ab", b"cd", b"ef"]
    assert it.parsed == 1
    assert it.seen[0][:3] == it.seen[2][:3]
    assert it.handler.admitted == 3


def test_a_request_without_a_body_is_known_too() -> None:
    it = Reading().feed(*[request(b"", method="GET")] * 3)
    assert [each[0] for each in it.seen] == ["GET"] * 3
    assert it.parsed == 1


def test_each_is_admitted_anew() -> None:
    it = Reading().feed(request(), request())
    it.handler.key = "another"
    it.feed(request())
    assert [each[4] for each in it.seen] == [False, False, True]
    assert it.parsed == 1


@pytest.mark.parametrize(
    "other",
    [
        request(b"abc"),
        request(b"ab", "X-More: 1"),
        request(b"ab", key="wrong"),
        request(b"ab")[:-1],
        request(b"ab") + request(b"ab"),
        request(b"ab").replace(b"/m/", b"/n/"),
    ],
)
def test_another_is_parsed(other: bytes) -> None:
    it = Reading().feed(request(b"ab"), request(b"ab"), other)
    assert it.parsed == 2


@pytest.mark.parametrize(
    "first",
    [
        request(b"ab", "Expect: 100-continue"),
        request(b"ab", "Connection: close"),
        request(b"2\r\nab\r\n0\r\n\r\n", "Transfer-Encoding: chunked").replace(
            b"Content-Length: 12\r\n", b""
        ),
        request(b"ab", "X-Long: " + "x" * 5000),
        request(b"", "Upgrade: h2c", "Connection: Upgrade", method="GET"),
    ],
)
def test_some_are_never_known(first: bytes) -> None:
    it = Reading().feed(first)
    assert it.reader._known is None


def test_two_at_once_are_two() -> None:
    pair = request(b"ab") + request(b"cd")
    assert [each[3] for each in Reading().feed(pair, pair).seen] == [b"ab", b"cd"] * 2


def test_a_part_of_a_request_is_no_request() -> None:
    """What comes in the middle of another request is of that one, whatever it looks like."""
    one = request(b"ab")
    longer = request(one * 2)
    it = Reading().feed(one, longer[: -len(one)], longer[-len(one) :], one)
    assert [each[3] for each in it.seen] == [b"ab", one * 2, b"ab"]


def truth(message: bytes) -> Seen:
    """Return what a parser that has seen nothing before reads."""
    it = Reading().feed(message)
    assert len(it.seen) == 1
    return it.seen[0]


bodies = st.sampled_from([b"", b"{}", b"ab", b"GET / HTTP/1.1\r\n\r\n", b"\r\n\r\n"])
lines = st.sampled_from([(), ("X-A: 1",), ("X-A: 1", "X-B: 2"), ("Expect: 100-continue",)])
methods = st.sampled_from(["POST", "GET"])
requests = st.builds(
    lambda body, more, method: request(body, *more, method=method), bodies, lines, methods
)


@given(st.data(), st.lists(requests, min_size=1, max_size=8))
def test_however_they_come_they_are_read_alike(data: Any, messages: list[bytes]) -> None:
    whole = b"".join(messages)
    ends = [sum(map(len, messages[:index])) for index in range(1, len(messages) + 1)]
    cuts = data.draw(st.sets(st.one_of(st.integers(1, len(whole)), st.sampled_from(ends))))
    places = [0, *sorted(cuts - {len(whole)}), len(whole)]
    it = Reading().feed(*(whole[a:b] for a, b in itertools.pairwise(places)))
    assert it.seen == [truth(each) for each in messages]
