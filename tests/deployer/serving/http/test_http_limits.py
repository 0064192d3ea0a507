"""How much is taken from one client and from all of them, and how long it is waited for."""

import select
import socket
import time
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import pytest

from deployer.serving.http import app as app_module
from deployer.serving.models import Models, Served
from deployer.settings import ServeSettings
from tests.deployer.serving.http.http_kit import (
    INFER,
    Running,
    drain,
    head,
    infer_body,
    parse,
    serving,
    until,
)

# --- too much -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def strict(served: Served) -> Any:
    """A server with tight limits."""
    models = Models()
    models.put(served)
    settings = ServeSettings(
        access_log=False, keys_file="/nonexistent", max_body=200_000, body_timeout=1.0
    )
    with serving(models, settings) as running:
        yield running


def poured(running: Running, first: bytes, piece: bytes) -> tuple[int, bytes]:
    """Send `first`, then `piece` until the server has enough; return how many bytes that took."""
    count = 0
    with running.connect() as link:
        link.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 8192)
        link.sendall(first)
        try:
            while count < 50_000_000:
                link.sendall(piece)
                count += len(piece)
        except (BrokenPipeError, ConnectionResetError):
            pass
        return count, drain(link)


def test_a_declared_body_that_is_too_large_is_not_read(strict: Running) -> None:
    for length in (200_001, 10**9, 10**17):
        with strict.connect() as link:
            link.sendall(head(f"content-length: {length}"))
            told = drain(link)  # until the server closes: not one byte of the body was sent
            answer = parse(told)
            assert (answer.status, answer.headers["connection"]) == (413, "close")
            assert "200000 bytes" in answer.json["error"]


def test_what_is_sent_of_a_declared_body_that_is_too_large_is_not_taken(strict: Running) -> None:
    count, _ = poured(strict, head("content-length: 40000000"), b"a" * 16384)
    assert count < 8_000_000, count  # what sockets hold by themselves


def test_a_body_in_pieces_is_cut_where_it_becomes_too_large(strict: Running) -> None:
    first = head("transfer-encoding: chunked")
    count, _ = poured(strict, first, b"4000\r\n" + b"a" * 0x4000 + b"\r\n")
    assert count < 8_000_000, count
    with strict.connect() as link:
        link.sendall(first + b"30D40\r\n" + b" " * 200_000 + b"\r\n" + b"1\r\n \r\n")
        assert parse(drain(link)).status == 413


def test_a_body_as_large_as_may_be_is_read(strict: Running) -> None:
    body = b" " * 200_000
    for headers in ({}, {"content-type": "application/octet-stream"}):
        answer = strict.ask(INFER, body, headers=headers)
        assert answer.status == 400, answer


def test_headers_that_are_too_large(strict: Running) -> None:
    for lines in (["a: " + "b" * 20_000], [f"h{index}: v" for index in range(500)]):
        assert parse(strict.raw(head(*lines))).status == 431
    count, _ = poured(strict, b"GET /v2 HTTP/1.1\r\n", b"a: b\r\n" * 100)
    assert count < 8_000_000


# --- too slowly -----------------------------------------------------------------------------


def test_a_slow_body_is_cut_however_it_trickles(strict: Running) -> None:
    started = time.monotonic()
    for lines, piece in (
        (["content-length: 100"], b"a"),
        (["content-length: 100000"], b"a"),
        (["transfer-encoding: chunked"], b"1\r\na\r\n"),
    ):
        with strict.connect() as link:
            link.sendall(head(*lines) + piece)
            link.settimeout(0.2)
            told = b""
            while b"\r\n\r\n" not in told:
                assert time.monotonic() - started < 15
                try:
                    told += link.recv(4096)
                except TimeoutError:
                    link.sendall(piece)
            answer = parse(told)
            assert (answer.status, answer.headers["connection"]) == (408, "close")
            link.settimeout(5)
            drain(link)  # and the connection ends


def test_slow_headers_are_cut(strict: Running) -> None:
    started = time.monotonic()
    with strict.connect() as link:
        link.sendall(b"GET /v2 HTTP/1.1\r\n")
        link.settimeout(0.2)
        try:
            while time.monotonic() - started < 15:
                try:
                    assert link.recv(4096) == b""
                    break
                except TimeoutError:
                    link.sendall(b"a: b\r\n")
        except (ConnectionResetError, BrokenPipeError):
            pass
    assert time.monotonic() - started < 10


def test_slow_clients_hold_nobody_up(served: Served) -> None:
    models = Models()
    models.put(served)
    patient = ServeSettings(access_log=False, keys_file="/nonexistent", body_timeout=600.0)
    with serving(models, patient) as running, ExitStack() as links:
        for index in range(200):
            link = links.enter_context(running.connect())
            link.sendall(head("content-length: 90000") if index % 2 else b"POST /v2 HT")
        started = time.monotonic()
        for _ in range(5):
            assert running.ask(INFER, infer_body(served)).status == 200
        assert time.monotonic() - started < 60


def test_health_checks_stay_quick_beside_large_requests(served: Served) -> None:
    models = Models()
    models.put(served)
    settings = ServeSettings(access_log=False, keys_file="/nonexistent")
    with serving(models, settings) as running:
        body = infer_body(served, 20_000)
        links = [running.connect(60) for _ in range(3)]
        try:
            for link in links:
                link.sendall(head(f"content-length: {len(body)}", "connection: close") + body)
            times = []
            for _ in range(20):
                started = time.monotonic()
                assert running.ask("/v2/health/live", key=None).status == 200
                times.append(time.monotonic() - started)
            assert sorted(times)[10] < 0.5
            assert all(parse(drain(link)).status == 200 for link in links)
        finally:
            for link in links:
                link.close()


# --- too many -------------------------------------------------------------------------------


class Stuck:
    """A model that takes its time."""

    def __init__(self, served: Served) -> None:
        self.schema = served.package.schema
        self.where = "here"
        self.waiting = 0
        self.go = False
        self._real = served.package.classifier

    def predict(self, arrays: Any) -> Any:
        self.waiting += 1
        until(lambda: self.go, 30)
        return self._real.predict(arrays)


def test_more_than_can_be_answered_is_refused_at_once(served: Served) -> None:
    stuck = Stuck(served)
    models = Models()
    models.put(replace(served, package=replace(served.package, classifier=stuck)))
    settings = ServeSettings(access_log=False, keys_file="/nonexistent")
    body = infer_body(served, 2000)
    links = []
    with serving(models, settings) as running:
        try:
            for _ in range(40):
                link = running.connect(60)
                links.append(link)
                link.sendall(head(f"content-length: {len(body)}", "connection: close") + body)
            until(lambda: stuck.waiting == 2)
            until(lambda: len(select.select(links, [], [], 0)[0]) == 8)
            refused = [parse(drain(link)) for link in select.select(links, [], [], 0)[0]]
            assert {(each.status, each.headers["retry-after"]) for each in refused} == {(503, "1")}
            assert running.ask("/v2/health/live", key=None).status == 200
        finally:
            stuck.go = True
        answered = [parse(told).status for link in links if (told := drain(link))]
        assert answered == [200] * 32
        for link in links:
            link.close()


def test_more_bodies_at_once_than_can_be_answered(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app_module, "_MOST_AT_ONCE", 5)
    models = Models()
    models.put(served)
    with serving(models) as running:
        links = [running.connect() for _ in range(5)]
        try:
            for link in links:
                link.sendall(head("content-length: 100"))
            until(lambda: running.app._at_once == 5)
            answer = running.ask(INFER, infer_body(served))
            assert (answer.status, answer.headers["retry-after"]) == (503, "1")
            assert running.ask("/v2/models").status == 200
        finally:
            for link in links:
                link.close()
        until(lambda: running.app._at_once == 0)
        assert running.ask(INFER, infer_body(served)).status == 200


def test_what_all_bodies_hold_together_is_bounded(served: Served) -> None:
    models = Models()
    models.put(served)
    settings = ServeSettings(access_log=False, keys_file="/nonexistent", max_body=100_000)
    with serving(models, settings, memory=0) as running:  # four of the largest
        links = [running.connect() for _ in range(4)]
        try:
            for link in links[:3]:
                link.sendall(head("content-length: 100000", "connection: close"))
            until(lambda: running.server.held == 300_000)
            links[3].sendall(head("transfer-encoding: chunked", "connection: close"))
            links[3].sendall(b"%x\r\n" % 90_000 + b" " * 90_000 + b"\r\n")
            until(lambda: running.server.held == 390_000)
            refused = parse(running.raw(head("content-length: 100000")))
            assert (refused.status, refused.headers["retry-after"]) == (503, "1")
            # Small ones always fit.
            assert running.ask(INFER, infer_body(served)).status == 200
            # A piece that does not fit is refused, too, and gives back what the body held.
            links[3].sendall(b"%x\r\n" % 9_000 + b" " * 9_000 + b"\r\n")
            until(lambda: running.server.held == 399_000)
            links.append(running.connect())
            links[4].sendall(head("transfer-encoding: chunked"))
            links[4].sendall(b"%x\r\n" % 70_000 + b" " * 70_000 + b"\r\n")
            assert parse(drain(links[4])).status == 503
            for link in links[:3]:
                link.sendall(b" " * 100_000)
            links[3].sendall(b"0\r\n\r\n")
            assert [parse(drain(link)).status for link in links[:4]] == [400] * 4
            assert running.server.held == 0
        finally:
            for link in links:
                link.close()
