"""What no decent client sends: it is refused, nothing breaks, and the next one is answered."""

import gc
import random
import resource
from pathlib import Path

import pytest

from deployer.serving.models import Served
from tests.deployer.serving.http.http_kit import INFER, KEY, Running, drain, infer_body, parse

HEAD = f"POST {INFER} HTTP/1.1\r\nhost: x\r\nx-api-key: {KEY}\r\n".encode()


@pytest.mark.parametrize(
    "data",
    [
        b"\r\n\r\nnonsense\r\n\r\n",
        b"GET /v2\r\n\r\n",
        b"GET /v2 HTTP/9.9\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 500,
        b"GET /v2 HTTP/1.1\r\nno colon here\r\n\r\n",
        b"GET /v2 HTTP/1.1\r\nna me: x\r\n\r\n",
        b"GET /v2 HTTP/1.1\r\na: b\x00c\r\n\r\n",
        b"GET /v2 HTTP/1.1\r\na: b\r\n folded: c\r\n\r\n",
        b"GET /\x00 HTTP/1.1\r\n\r\n",
        HEAD + b"content-length: -1\r\n\r\n",
        HEAD + b"content-length: +2\r\n\r\n{}",
        HEAD + b"content-length: 0x2\r\n\r\n{}",
        HEAD + b"content-length: 2\r\ncontent-length: 3\r\n\r\n{} ",
        HEAD + b"content-length: 99999999999999999999999\r\n\r\n",
        HEAD + b"transfer-encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
        HEAD + b"transfer-encoding: chunked\r\n\r\n-2\r\n{}\r\n0\r\n\r\n",
        HEAD + b"transfer-encoding: chunked\r\n\r\nfffffffffffffffff\r\n",
        HEAD + b"transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        HEAD + b"transfer-encoding: identity\r\ncontent-length: 2\r\n\r\n{}",
    ],
)  # fmt: skip
def test_what_is_no_request(
    running: Running, data: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    with running.connect(3) as link:
        link.sendall(data)
        told = drain(link)
    # Refused with 400, or hung up on; never answered, never an error of ours.
    assert told == b"" or parse(told).status == 400, told
    assert running.ask("/v2").status == 200
    assert "Traceback" not in capfd.readouterr().err


def test_two_lengths_cannot_smuggle_a_request(running: Running, served: Served) -> None:
    inner = (
        f"GET /v2 HTTP/1.1\r\nhost: x\r\nx-api-key: {KEY}\r\nx-request-id: inner\r\n\r\n".encode()
    )
    body = infer_body(served)
    chunk = b"%x\r\n%s\r\n" % (len(body), body)
    length = str(len(chunk) + 5).encode()
    for headers, sent in (
        (b"content-length: 4\r\ntransfer-encoding: chunked\r\n", chunk + b"0\r\n\r\n" + inner),
        (b"transfer-encoding: chunked\r\ncontent-length: " + length + b"\r\n", chunk + b"0\r\n\r\n" + inner),
        (b"transfer-encoding: chunked\r\ntransfer-encoding: identity\r\n", b"0\r\n\r\n" + inner),
        (b"transfer-encoding: xchunked\r\ncontent-length: 2\r\n", b"{}" + inner),
        (b"transfer-encoding : chunked\r\ncontent-length: 2\r\n", b"{}" + inner),
        (b"transfer-encoding:\x0bchunked\r\ncontent-length: 2\r\n", b"{}" + inner),
    ):  # fmt: skip
        told = running.raw(HEAD + headers + b"\r\n" + sent)
        # RFC 9112, 6.1: whatever it was, the connection is not used again.
        assert told.count(b"HTTP/1.1 ") <= 1, (headers, told)
        assert b"inner" not in told


def test_the_end_of_a_body_that_was_not_read_is_no_request(running: Running) -> None:
    inner = (
        f"GET /v2 HTTP/1.1\r\nhost: x\r\nx-api-key: {KEY}\r\nx-request-id: inner\r\n\r\n".encode()
    )
    # Refused before its body is read: the body must not become the next request.
    for refused in (
        f"POST {INFER} HTTP/1.1\r\nhost: x\r\ncontent-length: {len(inner)}\r\n\r\n".encode(),
        f"GET /v2/health/live HTTP/1.1\r\nhost: x\r\ncontent-length: {len(inner)}\r\n\r\n".encode(),
        HEAD + f"content-encoding: gzip\r\ncontent-length: {len(inner)}\r\n\r\n".encode(),
    ):
        with running.connect(2) as link:
            link.sendall(refused + inner)
            link.settimeout(1)
            told = b""
            try:
                while part := link.recv(65536):
                    told += part
            except (TimeoutError, ConnectionResetError):
                pass
            assert told.count(b"HTTP/1.1 ") == 1, told
            assert b"inner" not in told


def test_a_client_that_hangs_up_breaks_nothing(
    running: Running, served: Served, capfd: pytest.CaptureFixture[str]
) -> None:
    body = infer_body(served, 500)
    for end in (0, 10, len(body) // 2, len(body)):
        for _ in range(5):
            with running.connect() as link:
                link.sendall(HEAD + f"content-length: {len(body)}\r\n\r\n".encode() + body[:end])
    assert running.ask(INFER, body).status == 200
    assert "Traceback" not in capfd.readouterr().err


def mutated(rng: random.Random, body: bytes) -> bytes:
    """Return `body` with a few things wrong."""
    changed = bytearray(body)
    for _ in range(rng.randint(1, 6)):
        at = rng.randrange(len(changed) or 1)
        match rng.randrange(7):
            case 0:
                changed[at : at + rng.randint(1, 40)] = b""
            case 1:
                changed[at:at] = rng.randbytes(rng.randint(1, 20))
            case 2:
                changed[at : at + 1] = rng.choice(
                    [b"{", b"}", b"[", b"]", b'"', b",", b":", b"\\", b"\x00", b"\xff"]
                )
            case 3:
                word = rng.choice(
                    [b"null", b"true", b"1e999", b"-0", b"NaN", b"1" * 400, b'"\\ud800"', b"[[[[", b"{}"]
                )  # fmt: skip
                changed[at:at] = word
            case 4:
                changed = changed[:at]
            case 5:
                other = rng.randrange(len(changed) or 1)
                changed[at:at] = changed[other : other + rng.randint(1, 200)]
            case 6:
                changed = bytearray(
                    bytes(changed).replace(
                        rng.choice(
                            [b"FP32", b"BYTES", b"shape", b"data", b"name", b"1", b"inputs"]
                        ),
                        rng.choice([b"INT8", b"BOOL", b"", b"-1", b"999999999", b"FP16", b"id"]),
                        rng.randint(1, 3),
                    )
                )
    return bytes(changed)


def abuse(running: Running, served: Served, rng: random.Random, count: int) -> dict[int, int]:
    """Send mutated bodies to all routes that take one; return how often each status came."""
    good = [infer_body(served, rows) for rows in (1, 3)]
    plain = [
        b'{"instances": [{"island": "Biscoe", "year": 2007}]}',
        b'{"input_data": {"columns": ["island"], "data": [["Biscoe"]]}}',
        b"island,year\nBiscoe,2007\n",
    ]
    seen: dict[int, int] = {}
    for index in range(count):
        body = mutated(rng, rng.choice(good if index % 4 else plain))
        path = INFER if index % 4 else rng.choice(["/invocations", "/score", "/predict"])
        headers = {}
        if rng.random() < 0.2:
            headers["inference-header-content-length"] = str(rng.randint(0, len(body) + 3))
        if rng.random() < 0.2:
            headers["content-type"] = rng.choice(
                ["text/csv", "application/octet-stream", "application/jsonlines", "x/y", ";"]
            )
        answer = running.ask(path, body, headers=headers)
        seen[answer.status] = seen.get(answer.status, 0) + 1
        assert answer.status in (200, 400, 413, 415), (answer, body)
        if answer.status != 200:
            told = answer.json["error"]
            assert "\n" not in told
            assert "Traceback" not in told
            assert len(told) < 2000
    assert seen[400] > count / 2, seen
    assert running.ask(INFER, good[0]).status == 200
    return seen


def test_two_thousand_mutated_bodies(
    running: Running, served: Served, capfd: pytest.CaptureFixture[str]
) -> None:
    abuse(running, served, random.Random(20_260), 2000)
    assert capfd.readouterr().err == ""


@pytest.mark.slow
def test_mutated_bodies_leave_no_memory_behind(running: Running, served: Served) -> None:
    def resident() -> int:
        return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()

    rng = random.Random(7)
    abuse(running, served, rng, 1000)
    gc.collect()
    before = resident()
    abuse(running, served, rng, 10_000)
    gc.collect()
    assert resident() - before < 50_000_000
