"""Where messages end, and that nothing is changed on the way there."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.drills.proxy.bodies import Body, Chunked, Sized, ToTheEnd
from deployer.drills.proxy.heads import StrangeError, answer_head, request_head, with_field


def fed(body: Body, data: bytes, cuts: list[int]) -> tuple[bytes, bytes, bytes]:
    """Return all bytes taken, the content among them, and what was left, having come in parts."""
    buffer = bytearray()
    everything = content = b""
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    for start, end in itertools.pairwise(edges):
        buffer += data[start:end]
        for piece in body.take(buffer):
            everything += piece.data
            content += piece.data if piece.content else b""
    return everything, content, bytes(buffer)


chunks = st.lists(st.binary(min_size=1, max_size=40), max_size=6)
cuts = st.lists(st.integers(0, 1000), max_size=8)


def chunked(parts: list[bytes], trailer: bytes = b"") -> bytes:
    framed = b"".join(b"%X;a=b\r\n%s\r\n" % (len(part), part) for part in parts)
    return framed + b"0\r\n" + trailer + b"\r\n"


@given(
    parts=chunks,
    after=st.binary(max_size=20),
    cuts=cuts,
    trailer=st.sampled_from([b"", b"A: b\r\n"]),
)
def test_chunks_are_told_from_what_follows(
    parts: list[bytes], after: bytes, cuts: list[int], trailer: bytes
) -> None:
    body = Chunked()
    data = chunked(parts, trailer)
    assert fed(body, data + after, cuts) == (data, b"".join(parts), after)
    assert body.done
    assert not body.open_ended


@given(data=st.binary(max_size=60), after=st.binary(max_size=20), cuts=cuts)
def test_a_length_is_told_from_what_follows(data: bytes, after: bytes, cuts: list[int]) -> None:
    body = Sized(len(data))
    assert fed(body, data + after, cuts) == (data, data, after)
    assert body.done


@given(data=st.binary(max_size=60), cuts=cuts)
def test_without_a_length_it_is_all(data: bytes, cuts: list[int]) -> None:
    body = ToTheEnd()
    assert fed(body, data, cuts) == (data, data, b"")
    assert not body.done


@given(
    parts=chunks,
    wrong=st.sampled_from([b"zz\r\n", b"-1\r\n", b"\r\n", b"0x5\r\n", b"1_0\r\n", b"x" * 20_000]),
    cuts=cuts,
)
def test_broken_chunks_are_passed_on_as_they_are(
    parts: list[bytes], wrong: bytes, cuts: list[int]
) -> None:
    body = Chunked()
    data = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + wrong
    assert fed(body, data, cuts)[0] == data
    assert body.open_ended
    assert not body.done


@pytest.mark.parametrize(
    "raw",
    [
        b"GET /\r\n\r\n",
        b"GET / HTTP/2.0\r\n\r\n",
        b"CONNECT a:1 HTTP/1.1\r\n\r\n",
        b"\r\n\r\n",
        b"PUT / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"PUT / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"PUT / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"PUT / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
    ],
)
def test_a_request_whose_end_is_not_clear_is_strange(raw: bytes) -> None:
    with pytest.raises(StrangeError):
        request_head(raw)


@pytest.mark.parametrize(
    ("method", "head", "kind", "length"),
    [
        ("GET", b"200 OK\r\nContent-Length: 5", Sized, 5),
        ("HEAD", b"200 OK\r\nContent-Length: 5", Sized, 0),
        ("HEAD", b"200 OK\r\nTransfer-Encoding: chunked", Sized, 0),
        ("GET", b"204 No Content\r\nContent-Length: 5", Sized, 0),
        ("GET", b"304 Not Modified\r\nContent-Length: 5", Sized, 0),
        ("GET", b"200 OK\r\ntransfer-encoding: CHUNKED", Chunked, None),
        ("GET", b"200 OK", ToTheEnd, None),
        ("GET", b"101 Switching Protocols", ToTheEnd, None),
        ("GET", b"100 Continue", Sized, 0),
    ],
)
def test_how_an_answer_ends(method: str, head: bytes, kind: type, length: int | None) -> None:
    found = answer_head(b"HTTP/1.1 " + head + b"\r\n\r\n", method)
    assert isinstance(found.body, kind)
    assert found.body.length == length
    assert found.interim == (found.status == 100)


def test_a_field_is_changed_and_all_else_stays() -> None:
    raw = b"GET /host: HTTP/1.1\r\nA: host: x\r\nhOsT:  here:1 \r\nB:1\r\n\r\n"
    changed = b"GET /host: HTTP/1.1\r\nA: host: x\r\nhOsT:  there\r\nB:1\r\n\r\n"
    assert with_field(raw, b"Host", b"there") == changed
