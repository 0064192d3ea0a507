"""The checksums that the three clouds verify."""

from __future__ import annotations

import base64
import binascii
import hashlib
import zlib

import google_crc32c

# CRC-64/NVME, which S3 calls CRC64NVME and Azure calls CRC64: the same polynomial, initial value
# and final inversion. S3 writes the sum big-endian, Azure little-endian.
_POLYNOMIAL = 0x9A6C9329AC4BC9B5
_ALL_ONES = 0xFFFFFFFFFFFFFFFF


def _crc64_table() -> list[int]:
    table = []
    for byte in range(256):
        value = byte
        for _ in range(8):
            value = (value >> 1) ^ (_POLYNOMIAL if value & 1 else 0)
        table.append(value)
    return table


_TABLE = _crc64_table()


def crc64(data: bytes) -> int:
    """CRC-64/NVME; a few megabytes a second, which is enough for what a test sends."""
    table, value = _TABLE, _ALL_ONES
    for byte in data:
        value = table[(value ^ byte) & 0xFF] ^ (value >> 8)
    return value ^ _ALL_ONES


def digest(algorithm: str, data: bytes) -> bytes:
    """Digest bytes in the byte order S3 and GCS use."""
    if algorithm == "crc32":
        return zlib.crc32(data).to_bytes(4, "big")
    if algorithm == "crc32c":
        return int(google_crc32c.value(data)).to_bytes(4, "big")
    if algorithm == "crc64nvme":
        return crc64(data).to_bytes(8, "big")
    return hashlib.new(algorithm, data, usedforsecurity=False).digest()


def b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")


def b64digest(algorithm: str, data: bytes) -> str:
    return b64(digest(algorithm, data))


def azure_crc64(data: bytes) -> str:
    return b64(crc64(data).to_bytes(8, "little"))


def unb64(text: str) -> bytes | None:
    """Decode strictly; None for what is no base64."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
