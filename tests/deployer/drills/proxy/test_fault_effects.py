"""What each rule does to a request, as its client and its server see it."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from deployer.drills.evidence.records import Passed
from deployer.drills.proxy.client import FaultProxy
from deployer.drills.proxy.rules import Match, Rule
from tests.deployer.drills.proxy.raw_http_kit import (
    DEADLINE,
    RawClient,
    RawServer,
    Seen,
    ok,
    serve_http,
)


class Place:
    """A listener in front of a server, fresh for each test."""

    def __init__(self, proxy: FaultProxy, name: str) -> None:
        self.proxy = proxy
        self.name = name
        self.seen = Seen()
        self.server = RawServer(serve_http(lambda method, target, body: ok(b"served"), self.seen))
        self.port = proxy.listen(name, self.server.url)

    def add(self, rule: Rule, **options: bool) -> int:
        return self.proxy.add(self.name, rule, **options)

    def client(self) -> RawClient:
        return RawClient(self.port)

    def healthy(self) -> bool:
        with self.client() as client:
            return client.get("/healthy").body == b"served"


@pytest.fixture
def place(proxy: FaultProxy, request: pytest.FixtureRequest) -> Iterator[Place]:
    place = Place(proxy, request.node.name)
    with place.server:
        yield place
        proxy.clear(place.name)


def test_answer_keeps_the_request_from_the_server(place: Place) -> None:
    number = place.add(
        Rule("answer", status=507, headers={"X-Why": "full"}, body="no room", times=2)
    )
    with place.client() as client:
        client.ask("PUT", "/a", b"x" * 1_000_000)
        answer = client.answer()
        assert (answer.status, answer.body) == (507, b"no room")
        assert b"\r\nX-Why: full\r\n" in answer.head
        client.ask("HEAD", "/a")
        assert client.answer(bodiless=True).status == 507
        # The connection goes on, and so do requests after the rule's times.
        assert client.get("/b").body == b"served"
    assert place.seen.requests == [("GET", "/b")]
    assert place.proxy.hits(number) == 2


def test_answer_spares_a_client_that_waits_its_body(place: Place) -> None:
    place.add(Rule("answer", status=503))
    with place.client() as client:
        client.ask("PUT", "/", more="Expect: 100-continue\r\nContent-Length: 5\r\n")
        answer = client.answer()
        assert answer.status == 503
        assert b"\r\nConnection: close\r\n" in answer.head
        assert client.end() == "fin"


def test_latency(place: Place) -> None:
    number = place.add(Rule("latency", seconds=0.2, times=1))
    with place.client() as client:
        start = time.monotonic()
        client.get()
        assert time.monotonic() - start >= 0.19  # a timer may be a millisecond early
        client.get()
    assert place.proxy.hits(number) == 1


def test_latency_ends_with_its_rule(place: Place) -> None:
    number = place.add(Rule("latency", seconds=60))
    with place.client() as client:
        client.ask()
        assert place.proxy.wait_hits(number, 1, DEADLINE)
        place.proxy.remove(number)
        assert client.answer().body == b"served"


def test_reset_comes_before_the_server_gets_it(place: Place) -> None:
    place.add(Rule("reset", match=Match(target="/x")))
    with place.client() as client:
        assert client.get("/y").body == b"served"
        client.ask("PUT", "/x", b"body")
        assert client.end() == "rst"
    assert place.seen.requests == [("GET", "/y")]


def test_lose_has_the_server_do_it(place: Place) -> None:
    number = place.add(Rule("lose", match=Match(methods=("PUT",)), times=1))
    with place.client() as client:
        client.ask("PUT", "/x", b"y" * 1_000_000)
        assert client.end() == "rst"
    assert place.proxy.wait_hits(number, 1, DEADLINE)
    assert place.seen.requests == [("PUT", "/x")]
    assert place.seen.bodies == [b"y" * 1_000_000]
    assert place.healthy()


def test_half_open_says_nothing_until_the_rule_ends(place: Place) -> None:
    number = place.add(Rule("half-open", match=Match(target="/x")))
    with place.client() as client, place.client() as other:
        client.ask("PUT", "/x", b"z" * 30_000_000)
        assert place.proxy.wait_hits(number, 1, DEADLINE)
        # Others are not affected, and all of it is read, so that its sender notices nothing.
        assert other.get("/y").body == b"served"
        client.socket.settimeout(0.3)
        with pytest.raises(TimeoutError):
            client.socket.recv(1)
        client.socket.settimeout(DEADLINE)
        place.proxy.remove(number)
        with pytest.raises(ConnectionResetError):
            client.socket.recv(1)
    assert place.seen.requests == [("GET", "/y")]
    assert place.healthy()


def test_hold_before(place: Place) -> None:
    number = place.add(Rule("hold", times=1))
    with place.client() as client:
        client.ask("PUT", "/x", b"1")
        assert place.proxy.wait_hits(number, 1, DEADLINE)
        assert place.seen.requests == []
        place.proxy.release(number)
        assert client.answer().body == b"served"
    assert place.seen.requests == [("PUT", "/x")]


def test_hold_after(place: Place) -> None:
    number = place.add(Rule("hold", after=True))
    with place.client() as client:
        client.ask("PUT", "/x", b"1")
        assert place.proxy.wait_hits(number, 1, DEADLINE)
        assert place.seen.requests == [("PUT", "/x")]
        place.proxy.remove(number)
        assert client.end() == "rst"
    assert place.healthy()


def test_what_is_held_before_is_dropped_with_its_client(place: Place) -> None:
    number = place.add(Rule("hold", times=1))
    with place.client() as client:
        client.ask("PUT", "/x", b"1")
        assert place.proxy.wait_hits(number, 1, DEADLINE)
    assert wait_for(lambda: place.proxy.counts(place.name).requests == 1)
    place.proxy.release(number)
    assert place.healthy()
    assert place.seen.requests == [("GET", "/healthy")]


def test_release_is_for_those_who_wait(place: Place) -> None:
    number = place.add(Rule("hold"))
    place.proxy.release(number)
    with place.client() as client:
        for count in (1, 2):
            client.ask()
            assert place.proxy.wait_hits(number, count, DEADLINE)
            place.proxy.release(number)
            assert client.answer().body == b"served"


def test_divert(place: Place) -> None:
    with RawServer(serve_http(lambda *_: ok(b"other"), Seen())) as other:
        number = place.add(Rule("divert", upstream=other.url, match=Match(target="predict")))
        with place.client() as client:
            assert [client.get(each).body for each in ("/predict", "/ready", "/predict")] == [
                b"other",
                b"served",
                b"other",
            ]
            place.proxy.remove(number)
            assert client.get("/predict").body == b"served"
        # Each server has seen one connection: both are kept.
        assert (place.server.connections, other.connections) == (1, 1)


def test_refuse_and_listen_again(place: Place) -> None:
    with place.client() as kept:
        kept.get()
        number = place.add(Rule("refuse"))
        assert kept.end() == "rst"
    for _ in range(3):
        with pytest.raises(ConnectionRefusedError):
            RawClient(place.port)
    second = place.add(Rule("refuse"))
    place.proxy.remove(number)
    with pytest.raises(ConnectionRefusedError):
        RawClient(place.port)
    place.proxy.remove(second)
    assert place.healthy()


def test_the_first_rule_whose_turn_it_is_decides(place: Place) -> None:
    place.add(Rule("answer", status=500, times=1))
    place.add(Rule("answer", status=501, times=2))
    place.add(Rule("answer", status=502, times=1), first=True)
    with place.client() as client:
        assert [client.get().status for _ in range(5)] == [502, 500, 501, 501, 200]


def test_removing_ends_it_and_twice_is_fine(place: Place) -> None:
    number = place.add(Rule("answer"))
    with place.client() as client:
        assert client.get().status == 503
        place.proxy.remove(number)
        place.proxy.remove(number)
        assert client.get().status == 200
    assert place.proxy.hits(number) == 1


def test_clear_is_for_one_listener_or_all(place: Place, proxy: FaultProxy) -> None:
    other = Place(proxy, f"{place.name}-other")
    with other.server:
        for each in (place, other):
            each.add(Rule("refuse"))
        proxy.clear(place.name)
        assert place.healthy()
        with pytest.raises(ConnectionRefusedError):
            other.client()
        proxy.clear()
        assert other.healthy()


def test_rename_gives_the_server_its_own_name(place: Place, proxy: FaultProxy) -> None:
    port = proxy.listen(f"{place.name}-renamed", place.server.url, rename=True)
    with RawClient(port) as client, place.client() as plain:
        client.get()
        plain.get()
    names = [head.split(b"Host: ")[1].split(b"\r\n")[0] for head in place.seen.heads]
    assert names == [place.server.url.removeprefix("http://").encode(), b"here"]


def test_wait_hits_gives_up(place: Place) -> None:
    number = place.add(Rule("reset"))
    start = time.monotonic()
    assert not place.proxy.wait_hits(number, 1, 0.1)
    assert 0.05 < time.monotonic() - start < 5


def test_steering_while_another_thread_waits(place: Place) -> None:
    number = place.add(Rule("latency", seconds=0))
    came: list[bool] = []
    waiting = threading.Thread(
        target=lambda: came.append(place.proxy.wait_hits(number, 3, DEADLINE))
    )
    waiting.start()
    with place.client() as client:
        for count in range(1, 4):
            assert not came
            client.get()
            assert place.proxy.hits(number) == count
    waiting.join(DEADLINE)
    assert came == [True]


def test_counts_and_traffic(place: Place, traffic: Path) -> None:
    number = place.add(Rule("answer", status=503, body="no", match=Match(target="/no")))
    lost = place.add(Rule("reset", match=Match(target="/lost")))
    before = time.monotonic()
    with place.client() as client:
        client.ask("PUT", "/a?x=1&sig=s3cret&X-Amz-Signature=s3cret", b"12345")
        client.answer()
        client.get("/no")
        client.ask("GET", "/lost")
        client.end()
    assert wait_for(lambda: place.proxy.counts(place.name).requests == 3)
    counts = place.proxy.counts(place.name)
    assert counts.methods == {"PUT": 1, "GET": 2}
    assert (counts.sent, counts.received, counts.errors) == (5, len(b"served" + b"no"), 1)
    assert wait_for(lambda: len(noted(traffic, place.name)) == 3)
    put, no, gone = noted(traffic, place.name)
    assert put.target == "/a?x=1&sig=-&X-Amz-Signature=-"
    assert (put.method, put.sent, put.status, put.received, put.rules) == ("PUT", 5, 200, 6, ())
    assert (no.status, no.received, no.rules) == (503, 2, (number,))
    assert (gone.status, gone.rules) == (0, (lost,))
    assert before <= put.at <= no.at <= gone.at <= time.monotonic()
    assert b"s3cret" not in traffic.read_bytes()


def test_a_listener_may_leave_no_trace(place: Place, proxy: FaultProxy, traffic: Path) -> None:
    name = f"{place.name}-quiet"
    with RawClient(proxy.listen(name, place.server.url, log=False)) as client:
        client.get()
    with place.client() as client:
        client.get()
    assert wait_for(lambda: len(noted(traffic, place.name)) == 1)
    assert noted(traffic, name) == []
    assert proxy.counts(name).requests == 1


def noted(traffic: Path, listener: str) -> list[Passed]:
    lines = traffic.read_bytes().splitlines() if traffic.exists() else []
    return [
        each
        for line in lines
        if (each := msgspec.json.decode(line, type=Passed)).listener == listener
    ]


def wait_for(condition: Callable[[], bool]) -> bool:
    end = time.monotonic() + DEADLINE
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True
