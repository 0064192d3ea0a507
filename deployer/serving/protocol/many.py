"""Long lists of JSON numbers, read by simdjson without making Python numbers of them."""

import threading
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
import numpy as np
import simdjson
from numpy.typing import NDArray

__all__ = ["MANY", "ManyFloats", "ManyRequest", "many_floats", "many_request"]

MANY = 16 * 1024
"""Bytes of JSON from which it is worth it."""

_INPUT = {"name", "shape", "datatype", "data"}
_FLOATS = ("FP32", "FP64", "FP16")
_PLAIN = msgspec.json.Decoder()
_MOST_OTHERS = 4096  # bytes of what is beside the inputs
_MOST_INPUTS = 16  # of a long request; with more, looking at each takes the time

# A parser belongs to one thread, and keeps some ten times the longest list it has read.
_KEPT = 2 * 1024 * 1024
_LOCAL = threading.local()


class ManyFloats(NamedTuple):
    """An input with a long flat list of numbers; nothing is checked but its form."""

    name: str
    datatype: str
    shape: tuple[int, ...]
    values: NDArray[np.float32] | NDArray[np.float64]


class ManyRequest(NamedTuple):
    """A request whose inputs are all of that kind, and what else it holds."""

    inputs: Sequence[ManyFloats]
    others: Mapping[str, Any]


def many_request(body: bytes) -> ManyRequest | None:
    """Return a long request whose inputs are flat lists of numbers.

    Args:
        body: JSON.

    Returns:
        None if `body` is short, or another request, or none at all: for others to read or refuse.

    """
    if len(body) < MANY:
        return None
    try:
        return _request(_fitting(len(body)).parse(body), body)
    except (ValueError, RuntimeError, TypeError):
        return None


def _request(document: Any, body: bytes) -> ManyRequest | None:
    if type(document) is not simdjson.Object:
        return None
    names = list(document.keys())
    inputs = document["inputs"] if "inputs" in names else None
    if type(inputs) is not simdjson.Array or len(inputs) > _MOST_INPUTS:
        return None
    if len(set(names)) != len(names):
        return None  # which of two is meant is not for us to say
    texts = {name: _text(document[name]) for name in names if name != "inputs"}
    if sum(map(len, texts.values())) > _MOST_OTHERS:
        return None
    found = [_input(each) for each in inputs]
    # What is nested would be read as if it were flat: each input has its two lists, and no more.
    brackets = 2 * len(found) + 1 + sum(text.count(b"[") for text in texts.values())
    if not found or None in found or not _times(body, b"[", brackets):
        return None
    others = {name: _PLAIN.decode(text) for name, text in texts.items()}
    return ManyRequest([each for each in found if each is not None], others)


def _text(value: Any) -> bytes:
    """Return an element as JSON."""
    if isinstance(value, simdjson.Array | simdjson.Object):
        minified: bytes = value.mini  # type: ignore[assignment] # its stubs say str
        return minified
    return msgspec.json.encode(value)


def _input(each: Any) -> ManyFloats | None:
    if type(each) is not simdjson.Object:
        return None
    names = list(each.keys())
    if len(names) != len(_INPUT) or set(names) != _INPUT:
        return None
    name, datatype, shape, data = each["name"], each["datatype"], each["shape"], each["data"]
    if type(name) is not str or datatype not in _FLOATS or type(data) is not simdjson.Array:
        return None
    given = shape.as_list() if type(shape) is simdjson.Array else []
    lengths = tuple(length for length in given if type(length) is int)
    if not lengths or len(lengths) != len(given):
        return None
    numbers = np.frombuffer(data.as_buffer(of_type="d"), dtype=np.float64)
    return ManyFloats(name, datatype, lengths, numbers)


def _times(text: bytes, mark: bytes, count: int) -> bool:
    """Return whether `mark` is in `text` so many times; quick where it is rare."""
    at = -1
    for _ in range(count):
        at = text.find(mark, at + 1)
        if at < 0:
            return False
    return text.find(mark, at + 1) < 0


def many_floats(data: bytes | memoryview) -> NDArray[np.float64] | None:
    """Return a long flat list of JSON numbers as an array of shape (N,).

    Args:
        data: JSON.

    Returns:
        The numbers, each the float64 nearest to its decimal; None if `data` is short, nested, or
        holds anything but finite numbers, which is then for others to read or to refuse.

    """
    text = bytes(data)
    if len(text) < MANY or text.find(b"[", text.find(b"[") + 1) >= 0:
        return None
    try:
        numbers = _fitting(len(text)).parse(text)
        if not isinstance(numbers, simdjson.Array):
            return None
        return np.frombuffer(numbers.as_buffer(of_type="d"), dtype=np.float64)
    except (ValueError, RuntimeError, TypeError):
        return None


def _fitting(size: int) -> simdjson.Parser:
    if size > _KEPT:
        return simdjson.Parser()
    parser = getattr(_LOCAL, "parser", None)
    if parser is None:
        parser = _LOCAL.parser = simdjson.Parser()
    return parser
