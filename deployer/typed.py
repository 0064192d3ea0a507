"""Typed JSON, safe from the first document on: msgspec prepares a type when it first meets it.

Two threads that meet the same type at the same time can crash the process: one of them then reads
what the other has not finished (msgspec 0.22, with the GIL; a test shows it). So each type is
prepared once, by one thread.
"""

import threading
from typing import Any, TypeVar

import msgspec

__all__ = ["decode"]

_T = TypeVar("_T")

_decoders: dict[type, msgspec.json.Decoder[Any]] = {}
_lock = threading.Lock()


def decode(body: bytes, kind: type[_T]) -> _T:
    """Return the `kind` that the JSON in `body` is.

    Raises:
        msgspec.DecodeError: it is none; a ValidationError if it is JSON all the same.

    """
    decoder = _decoders.get(kind)
    if decoder is None:
        with _lock:
            decoder = _decoders.setdefault(kind, msgspec.json.Decoder(kind))
    found: _T = decoder.decode(body)
    return found
