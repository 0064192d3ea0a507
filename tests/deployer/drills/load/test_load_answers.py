"""An answer is read the same in whatever pieces it comes, and as the standard library reads it."""

import http.client
import io
import socket
from itertools import pairwise
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deployer.drills.load.answer import Answer, AnswerReader, TruncatedError

DIGEST = "0f" * 32


class _Socket:
    def __init__(self, content: bytes) -> None:
        self._content = content

    def makefile(self, *_: object) -> io.BytesIO:
        return io.BytesIO(self._content)


def chunked(parts: list[bytes], extension: bytes, trailer: bytes) -> bytes:
    body = b"".join(b"%x%s\r\n%s\r\n" % (len(each), extension, each) for each in parts if each)
    return body + b"0\r\n" + trailer + b"\r\n"


@st.composite
def answers(draw: st.DrawFn) -> tuple[bytes, bool]:
    """Return the bytes of an answer, and whether it ends with the connection."""
    status = draw(st.sampled_from([200, 200, 201, 404, 500, 503]))
    parts = draw(st.lists(st.binary(max_size=40), max_size=4))
    digest = draw(st.sampled_from([b"", b"X-Deployer-Model-Digest: sha256:" + DIGEST.encode()]))
    lines = [b"HTTP/1.%d %d Some words" % (draw(st.integers(0, 1)), status), digest]
    lines += draw(st.sampled_from([[], [b"Connection: close"], [b"connection: keep-alive"]]))
    how = draw(st.sampled_from(["length", "chunked", "end"]))
    body = b"".join(parts)
    if how == "length":
        lines.append(b"content-length: %d" % len(body))
    elif how == "chunked":
        lines[0] = lines[0].replace(b"1.0", b"1.1")
        lines.append(b"Transfer-Encoding: chunked")
        extension = draw(st.sampled_from([b"", b";a=b"]))
        body = chunked(parts, extension, draw(st.sampled_from([b"", b"x-check: 1\r\ny: 2\r\n"])))
    early = draw(st.sampled_from([b"", b"HTTP/1.1 100 Continue\r\n\r\n"]))
    head = b"\r\n".join(filter(None, lines))
    return early + head + b"\r\n\r\n" + body, how == "end"


def pieces(content: bytes, cuts: list[int]) -> list[bytes]:
    edges = [0, *sorted(cut % (len(content) + 1) for cut in cuts), len(content)]
    return [content[a:b] for a, b in pairwise(edges)]


def read(parts: list[bytes]) -> Answer | None:
    reader = AnswerReader()
    found = [reader.feed(part) for part in parts]
    assert not any(found[:-1]), "complete before its end"
    return found[-1] or reader.end()


@settings(deadline=None)
@given(answers(), st.lists(st.integers(0, 10_000), max_size=6))
def test_read_as_the_standard_library_does_in_any_pieces(
    made: tuple[bytes, bool], cuts: list[int]
) -> None:
    content, until_end = made
    reference = http.client.HTTPResponse(cast(socket.socket, _Socket(content)))
    reference.begin()
    reference.read()
    parts = [part for part in pieces(content, cuts) if part]
    answer = read(parts)
    assert answer is not None
    assert answer.status == reference.status
    digest = reference.headers.get("x-deployer-model-digest", "")
    assert answer.digest == digest.removeprefix("sha256:")
    keeps = reference.version == 11 and reference.headers.get("connection") != "close"
    assert answer.keep == (keeps and not until_end)


@settings(deadline=None)
@given(answers(), st.data())
def test_an_answer_that_is_cut_off_is_never_taken_for_whole(
    made: tuple[bytes, bool], data: st.DataObject
) -> None:
    content, until_end = made
    # One without a length is whole wherever it ends; it can only be cut off inside its head.
    head = content.index(b"\r\n\r\n", content.index(b"Some words")) + 4
    cut = data.draw(st.integers(0, (head if until_end else len(content)) - 1))
    reader = AnswerReader()
    assert reader.feed(content[:cut]) is None
    with pytest.raises((EOFError, TruncatedError)):
        reader.end()


def test_bytes_beyond_the_answer_end_the_use_of_the_connection() -> None:
    reader = AnswerReader()
    answer = reader.feed(b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nxHTTP/1.1 500 No\r\n\r\n")
    assert answer == Answer(200, "", keep=False)


@pytest.mark.parametrize("status", [204, 304])
def test_no_body_where_there_can_be_none(status: int) -> None:
    answer = AnswerReader().feed(b"HTTP/1.1 %d X\r\n\r\n" % status)
    assert answer == Answer(status, "", keep=True)


@pytest.mark.parametrize(
    "content",
    [
        b"SSH-2.0-x\r\n\r\n",
        b"\r\n\r\n",
        b"HTTP/1.1 abc X\r\n\r\n",
        b"HTTP/2 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"x" * 70_000,
    ],
)
def test_what_is_no_http_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        AnswerReader().feed(content)
