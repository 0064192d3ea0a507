"""CRC-32C as Cloud Storage writes it, and the checksum of a whole from those of its parts."""

import base64
import functools
from collections.abc import Iterable

import google_crc32c

__all__ = ["checksum", "of_parts"]

_POLYNOMIAL = 0x82F63B78  # Castagnoli, least significant bit first (RFC 3720, appendix B.4)
_ONE = 1 << 31
_X8 = _ONE >> 8


def checksum(body: bytes) -> str:
    """Return the checksum of `body`: four bytes, most significant first, in base64."""
    return _encode(google_crc32c.value(body))


def of_parts(parts: Iterable[tuple[str, int]]) -> str:
    """Return the checksum of a concatenation, given ``(checksum, length)`` of each piece.

    A CRC is a remainder: appending n bytes multiplies what came before by x to the 8n.
    """
    whole = 0
    for text, length in parts:
        whole = _multiply(_shift(length), whole) ^ _decode(text)
    return _encode(whole)


def _encode(value: int) -> str:
    return base64.b64encode(value.to_bytes(4, "big")).decode()


def _decode(text: str) -> int:
    return int.from_bytes(base64.b64decode(text), "big")


def _multiply(left: int, right: int) -> int:
    """Multiply two polynomials over GF(2), modulo the CRC's."""
    product = 0
    while left:
        if left & _ONE:
            product ^= right
        left = (left << 1) & 0xFFFFFFFF
        right = (right >> 1) ^ (_POLYNOMIAL if right & 1 else 0)
    return product


@functools.lru_cache(maxsize=64)
def _shift(length: int) -> int:
    """Return x to the power 8·`length`: the parts of an object have two lengths at most."""
    result, square = _ONE, _X8
    while length:
        if length & 1:
            result = _multiply(square, result)
        square = _multiply(square, square)
        length >>= 1
    return result
