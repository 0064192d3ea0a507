"""The load generator asks when it should, and what it tells is what became of each request."""

import threading
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from deployer.drills.evidence.records import Request
from deployer.emulators.process import poll_until
from tests.deployer.drills.load.slow_server_kit import KEY, RATE, SlowServer, at_least, generator
from tests.fakes.tls import self_signed

DIGEST = "ab" * 32


def on_grid(seen: Sequence[Request], rate: float = RATE) -> list[int]:
    """Return the numbers of requests: n is due n / rate seconds after the first."""
    first = min(each.due for each in seen)
    numbers = [(each.due - first) * rate for each in seen]
    assert all(abs(each - round(each)) < 1e-3 for each in numbers), "a request was shifted"
    return sorted(round(each) for each in numbers)


def test_every_request_is_due_on_the_grid_and_written_down(tmp_path: Path) -> None:
    with SlowServer() as server:
        with generator(server.url, tmp_path) as load:
            assert load.wait(at_least(200), 20)
        seen = load.seen()
    assert on_grid(seen) == list(range(len(seen)))
    assert len(server.arrivals) == len(seen)
    assert {(each.status, each.digest, each.error) for each in seen} == {(200, DIGEST, "")}


def test_a_server_that_stalls_is_asked_on_and_charged_for_every_wait(tmp_path: Path) -> None:
    with SlowServer() as server:
        with generator(server.url, tmp_path, give_up=20) as load:
            assert load.wait(at_least(50), 20)
            server.stall()
            begun, before = time.monotonic(), len(server.arrivals)
            # A client that waits for answers would ask once for each of its connections, and end.
            assert poll_until(lambda: len(server.arrivals) - before >= RATE, 20)
            ended = time.monotonic()
            server.go_on()
            assert load.wait(lambda seen: any(each.due > ended + 0.3 for each in seen), 20)
        seen = load.seen()
    assert on_grid(seen) == list(range(len(seen)))
    assert {each.status for each in seen} == {200}
    # What it asked just before the stall may have been answered before it.
    waited = [each for each in seen if begun + 0.05 < each.due < ended - 0.05]
    assert len(waited) == pytest.approx(RATE * (ended - begun - 0.1), abs=3)
    # Counted from when it was due, not from when it was sent: each was answered after the stall.
    assert all(each.due + each.seconds >= ended for each in waited)


def test_what_is_not_answered_in_time_is_given_up(tmp_path: Path) -> None:
    with SlowServer() as server:
        server.stall()
        with generator(server.url, tmp_path, rate=50, give_up=0.4) as load:
            assert load.wait(at_least(20), 20)
        seen = load.seen()
    assert on_grid(seen, 50) == list(range(len(seen)))
    assert {(each.status, each.error) for each in seen} == {(0, "given up")}
    assert all(0.39 < each.seconds < 60 for each in seen)


def test_a_stop_waits_for_the_answers_under_way(tmp_path: Path) -> None:
    with SlowServer() as server:
        load = generator(server.url, tmp_path, rate=100)
        load.start()
        server.stall()
        assert poll_until(lambda: len(server._held) >= 20, 20)
        stopping = threading.Thread(target=load.stop)
        stopping.start()
        quiet = [0]

        def same() -> bool:
            before, quiet[0] = quiet[0], len(server.arrivals)
            return before == quiet[0]

        assert poll_until(same, 20)
        assert stopping.is_alive()
        assert load.alive
        server.go_on()
        stopping.join(20)
        assert not stopping.is_alive()
        seen = load.seen()
    assert len(seen) == len(server.arrivals)
    assert {each.status for each in seen} == {200}


@pytest.mark.parametrize(
    ("answer", "end", "status", "error"),
    [
        (b"", "reset", 0, "reset"),
        (b"", "close", 0, "closed"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nab", "close", 0, "truncated"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nab", "reset", 0, "reset"),
        (b"SSH-2.0-OpenSSH_9.9\r\n\r\n", "", 0, "not HTTP"),
        (b"HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n", "", 503, ""),
        (b"HTTP/1.0 200 OK\r\n\r\nuntil the end", "close", 200, ""),
    ],
)
def test_each_way_to_fail_has_its_name(
    tmp_path: Path, answer: bytes, end: str, status: int, error: str
) -> None:
    with SlowServer(answer=answer, end=end) as server:
        with generator(server.url, tmp_path, rate=100) as load:
            assert load.wait(at_least(10), 20)
        assert {(each.status, each.error) for each in load.seen()} == {(status, error)}


def test_nobody_there(tmp_path: Path) -> None:
    with SlowServer() as server:
        url = server.url
    with generator(url, tmp_path) as load:
        assert load.wait(at_least(10), 20)
    assert {(each.status, each.error) for each in load.seen()} == {(0, "refused")}


@pytest.mark.parametrize(("trusted", "status", "error"), [(True, 200, ""), (False, 0, "TLS")])
def test_a_server_behind_tls_is_verified(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trusted: bool, status: int, error: str
) -> None:
    context, certificate = self_signed(tmp_path)
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with SlowServer(tls=context) as server:
        with generator(server.url, tmp_path, rate=50) as load:
            assert load.wait(at_least(5), 20)
        assert {(each.status, each.error) for each in load.seen()} == {(status, error)}


def test_connections_are_used_again(tmp_path: Path) -> None:
    with SlowServer() as server:
        with generator(server.url, tmp_path, rate=100) as load:
            assert load.wait(at_least(100), 20)
        assert server.connections < 20


def test_the_key_is_sent_and_is_in_no_file(tmp_path: Path) -> None:
    with SlowServer() as server:
        with generator(server.url, tmp_path) as load:
            assert load.wait(at_least(5), 20)
        assert f"x-api-key: {KEY}".encode() in server.heads[0]
        assert b"content-length: 14" in server.heads[0]
        assert f"host: 127.0.0.1:{server.port}".encode() in server.heads[0]
    for path in tmp_path.rglob("*"):
        assert KEY.encode() not in path.read_bytes(), path


def test_wait_tells_what_did_not_come_in_time(tmp_path: Path) -> None:
    with SlowServer() as server, generator(server.url, tmp_path) as load:
        assert not load.wait(at_least(10_000), 0.3)
