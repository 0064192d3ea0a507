"""Connections: who is answered in which order, and how they end."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from deployer.serving.models import Models, Served
from deployer.settings import ServeSettings
from tests.deployer.serving.http.http_kit import (
    KEY,
    Running,
    drain,
    head,
    infer_body,
    parse,
    serving,
    until,
)


def responses(data: bytes) -> list[tuple[int, str, bytes]]:
    """Return status, request id and body of each response."""
    found = []
    while data:
        start, _, rest = data.partition(b"\r\n\r\n")
        lines = start.decode().split("\r\n")
        told = dict(line.split(": ", 1) for line in lines[1:])
        length = int(told["content-length"])
        found.append((int(lines[0].split()[1]), told["x-request-id"], rest[:length]))
        data = rest[length:]
    return found


def request(body: bytes, name: str, *lines: str) -> bytes:
    return head(f"content-length: {len(body)}", f"x-request-id: {name}", *lines) + body


@pytest.fixture(scope="module")
def quick(served: Served) -> Iterator[Running]:
    models = Models()
    models.put(served)
    settings = ServeSettings(access_log=False, keys_file="/nonexistent", body_timeout=1.0)
    with serving(models, settings) as running:
        yield running


def test_answers_come_in_the_order_of_the_requests(quick: Running, served: Served) -> None:
    # Large ones are answered by threads, small ones at once; each knows its rows.
    rows = [2000, 1, 3000, 2, 1, 2500, 3]
    sent = b"".join(
        request(infer_body(served, each), f"n{place}") for place, each in enumerate(rows)
    )
    end = request(infer_body(served), "last", "connection: close")
    found = responses(quick.raw(sent + end))
    assert [name for _, name, _ in found] == [*(f"n{place}" for place in range(len(rows))), "last"]
    assert {status for status, _, _ in found} == {200}
    counts = [json.loads(body)["outputs"][0]["shape"] for _, _, body in found]
    assert counts == [[each] for each in [*rows, 1]]


def test_a_refusal_waits_for_the_answers_before_it(quick: Running, served: Served) -> None:
    large = request(infer_body(served, 3000), "large")
    found = responses(quick.raw(large + b"nonsense\r\n\r\n"))
    assert [status for status, _, _ in found] == [200, 400]
    assert found[0][1] == "large"


def test_nothing_is_answered_after_the_last(quick: Running, served: Served) -> None:
    body = infer_body(served)
    sent = request(body, "one", "connection: close") + request(body, "two")
    assert [name for _, name, _ in responses(quick.raw(sent))] == ["one"]


@pytest.mark.parametrize("rows", [1, 3000])
def test_a_client_that_has_no_more_to_say_is_answered(
    quick: Running, served: Served, rows: int
) -> None:
    with quick.connect() as link:
        link.sendall(request(infer_body(served, rows), "it"))
        link.shutdown(socket.SHUT_WR)
        assert [status for status, _, _ in responses(drain(link))] == [200]


def test_a_body_that_waits_to_be_asked_for(quick: Running, served: Served) -> None:
    body = infer_body(served)
    lines = (f"content-length: {len(body)}", "expect: 100-continue", "connection: close")
    with quick.connect() as link:
        link.sendall(head(*lines))
        assert link.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        link.sendall(body)
        assert parse(drain(link)).status == 200
    refused = quick.raw(head(*lines).replace(KEY.encode(), b"dk_wrong"))
    assert refused.startswith(b"HTTP/1.1 401 ")
    # With the body at hand there is nothing to ask for.
    assert quick.raw(head(*lines) + body).startswith(b"HTTP/1.1 200 ")


def test_an_answer_outlives_what_nobody_reads(quick: Running) -> None:
    """A reset would take the answer away from a client that is still sending."""
    with quick.connect() as link:
        link.sendall(head("content-length: 90000000"))
        until(lambda: not select_read(link))
        link.sendall(b"a" * 300_000)
        threading.Event().wait(0.2)  # in which the server could have reset the connection
        assert parse(link.recv(65536)).status == 413


def select_read(link: socket.socket) -> bool:
    """Return whether nothing has come."""
    link.settimeout(0.05)
    try:
        return not link.recv(1, socket.MSG_PEEK)
    except TimeoutError:
        return True
    finally:
        link.settimeout(10)


def pour(link: socket.socket, data: bytes, deadline: float) -> None:
    """Send the same again and again until that fails."""
    while time.monotonic() < deadline:
        with suppress(TimeoutError):
            link.sendall(data)


def test_a_client_that_never_reads_is_cut_off(quick: Running) -> None:
    with socket.socket() as link:
        link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        link.connect(("127.0.0.1", quick.port))
        ask = f"GET /openapi.json HTTP/1.1\r\nhost: x\r\nx-api-key: {KEY}\r\n\r\n".encode()
        link.settimeout(0.1)
        deadline = time.monotonic() + 15
        with pytest.raises((BrokenPipeError, ConnectionResetError)):
            pour(link, ask * 50, deadline)
    # Nor did it hold up anybody.
    assert quick.ask("/v2").status == 200


def test_an_idle_connection_stays(quick: Running, served: Served) -> None:
    body = infer_body(served)
    with quick.connect() as link:
        link.sendall(request(body, "one"))
        assert link.recv(65536).startswith(b"HTTP/1.1 200 ")
        threading.Event().wait(1.6)  # longer than a body may take
        link.sendall(request(body, "two", "connection: close"))
        assert [name for _, name, _ in responses(drain(link))] == ["two"]


def test_who_connects_and_says_nothing_is_cut_off(quick: Running) -> None:
    with quick.connect(5) as link:
        assert link.recv(10) == b""


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_which_connections_are_kept(quick: Running, version: str) -> None:
    get = f"GET /v2 HTTP/{version}\r\nhost: x\r\nx-api-key: {KEY}\r\n".encode()
    with quick.connect(2) as link:
        link.sendall(get + b"\r\n")
        kept = b"connection: close" not in link.recv(65536)
        assert kept == (version == "1.1")
    with quick.connect(2) as link:
        link.sendall(get + b"connection: keep-alive\r\n\r\n")
        first = link.recv(65536)
        assert first.startswith(b"HTTP/1.1 200 ")
        assert b"connection: close" not in first


def test_offers_of_other_protocols_are_passed_over(quick: Running, served: Served) -> None:
    # `curl --http2` asks so; RFC 9110, 7.8: a server may ignore it.
    offer = "connection: upgrade, http2-settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABk\r\n"
    get = f"GET /v2 HTTP/1.1\r\nhost: x\r\nx-api-key: {KEY}\r\n{offer}\r\n".encode()
    assert parse(quick.raw(get)).status == 200
    body = infer_body(served)
    answer = parse(quick.raw(request(body, "it", *offer.strip().split("\r\n"))))
    assert (answer.status, answer.json["error"]) == (400, "there is nothing to upgrade to")


def test_the_target_may_be_a_whole_address(quick: Running) -> None:
    start = f"host: x\r\nx-api-key: {KEY}\r\nconnection: close\r\n\r\n"
    for target, status in (
        ("http://somewhere:1/v2/models?all", 200),
        ("/v2/mod%65ls", 200),
        ("/v2?x=/nowhere", 200),
        ("/v2%", 404),
        ("*", 404),
    ):
        answer = parse(quick.raw(f"GET {target} HTTP/1.1\r\n{start}".encode()))
        assert answer.status == status, target
    assert "date" in answer.headers


def test_a_header_that_is_sent_twice_is_not_the_first_of_them(quick: Running) -> None:
    twice = f"GET /v2 HTTP/1.1\r\nhost: x\r\nx-api-key: {KEY}\r\nx-api-key: other\r\n\r\n"
    with quick.connect(2) as link:
        link.sendall(twice.encode())
        assert link.recv(65536).startswith(b"HTTP/1.1 401 ")


class Slow:
    """A model that answers when it is told to."""

    def __init__(self, served: Served) -> None:
        self.schema, self.where = served.package.schema, "here"
        self._real = served.package.classifier
        self.asked = threading.Event()
        self.go = threading.Event()

    def predict(self, arrays: Any) -> Any:
        self.asked.set()
        assert self.go.wait(20)
        return self._real.predict(arrays)


def test_a_server_that_ends_answers_what_was_asked(served: Served) -> None:
    slow = Slow(served)
    models = Models()
    models.put(replace(served, package=replace(served.package, classifier=slow)))
    told: list[bytes] = []
    settings = ServeSettings(access_log=False, keys_file="/nonexistent")
    with serving(models, settings) as running:
        idle, busy = running.connect(), running.connect()
        idle.sendall(f"GET /v2 HTTP/1.1\r\nhost: x\r\nx-api-key: {KEY}\r\n\r\n".encode())
        assert idle.recv(65536).startswith(b"HTTP/1.1 200 ")
        busy.sendall(request(infer_body(served, 3000), "it"))
        assert slow.asked.wait(10)
        reader = threading.Thread(target=lambda: told.append(drain(busy)))
        reader.start()
        running.stop()
        assert idle.recv(10) == b""
        with pytest.raises(ConnectionRefusedError):
            running.connect().close()
        slow.go.set()
        reader.join(10)
        for link in (idle, busy):
            link.close()
    (answer,) = responses(told[0])
    assert answer[:2] == (200, "it")
    assert b"connection: close" in told[0]


def test_a_server_that_drains_keeps_no_connection(served: Served) -> None:
    models = Models()
    models.put(served)
    with serving(models) as running:
        with running.connect() as link:
            running.server.drain()
            link.sendall(request(infer_body(served), "it"))
            found = drain(link)
        assert found.startswith(b"HTTP/1.1 200 ")
        assert b"connection: close" in found
