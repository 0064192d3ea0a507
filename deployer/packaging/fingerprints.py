"""A 64-bit fingerprint of every row that a model was fitted on, to tell rows it has seen.

The fingerprint of a row is of its inputs as the model takes them and of its class. It does not
depend on the order of rows or columns, on the machine or on a library's version:

::

    key     BLAKE2b, 8 bytes, of a column's name, personalised by what the column holds
    value   of a float its bits, all NaN alike, -0.0 as 0.0; of text BLAKE2b, 8 bytes, of its UTF-8
    row     h = 0; for each column in the order of names, then the class:
            h = mix(h ^ mix(value ^ key))

where ``mix`` is the finaliser of SplitMix64 (Steele, Lea and Flood, Fast Splittable Pseudorandom
Number Generators, 2014), a permutation of the 64-bit integers: two rows that differ in one number
never collide. Of n stored rows, another one collides with a probability of about n / 2^64: less
than 1e-13 for a million. It is no defence against rows made to collide, and no secret: whoever can
guess a whole row can check the guess.

The file: 8 bytes ``DPLYROWS``, a little-endian u32 version 1, a u32 of zeros, a u64 count, then as
many u64, none less than the one before. A row that was fitted on twice is there twice: of three
equal rows in another table one is then taken for new, as one was that was held out of three.
"""

import hashlib
import struct
from typing import TYPE_CHECKING, Any

from deployer.errors import DamagedError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

__all__ = ["fingerprints", "load", "seen", "store"]

_MAGIC = b"DPLYROWS"
_VERSION = 1
_HEADER = struct.Struct("<8sIIQ")
_WORD = 8
# Rows at a time: what is worked on stays in the processor's cache.
_CHUNK = 32_768
# Texts remembered with their digests, after which they are forgotten.
_KNOWN = 200_000
_LABEL = b"label"


def fingerprints(
    arrays: "Mapping[str, NDArray[Any]]", labels: "Sequence[str] | NDArray[Any]"
) -> "NDArray[np.uint64]":
    """Return the fingerprint of every row, uint64 of shape (N,).

    Args:
        arrays: one of shape (N, 1) per column: float32, float64, or objects that are text.
        labels: classes of shape (N,).

    """
    import numpy as np  # noqa: PLC0415 - kept out of the import of the command line

    rows = len(labels)
    prints = np.zeros(rows, dtype=np.uint64)
    classes = np.empty(rows, dtype=object)
    classes[:] = [str(label) for label in labels]
    columns = [(_key(name, array), array.reshape(-1)) for name, array in sorted(arrays.items())]
    columns.append((_digest(b"", _LABEL), classes))
    known = _Digests()
    spare = np.empty(min(rows, _CHUNK), dtype=np.uint64)
    for start in range(0, rows, _CHUNK):
        part = prints[start : start + _CHUNK]
        for key, column in columns:
            words = _words(column[start : start + _CHUNK], known)
            words ^= np.uint64(key)
            _mix(words, spare[: len(part)])
            part ^= words
            _mix(part, spare[: len(part)])
    return prints


def _digest(data: bytes, person: bytes = b"") -> int:
    digest = hashlib.blake2b(data, digest_size=_WORD, person=person).digest()
    return int.from_bytes(digest, "little")


def _key(name: str, array: "NDArray[Any]") -> int:
    kind = {4: b"float32", 8: b"float64"}[array.itemsize] if array.dtype.kind == "f" else b"text"
    return _digest(name.encode("utf-8", "surrogatepass"), kind)


class _Digests(dict[str, int]):
    """Each distinct text is hashed once."""

    def __missing__(self, text: str) -> int:
        return self.setdefault(text, _digest(text.encode("utf-8", "surrogatepass")))


def _words(values: "NDArray[Any]", known: "_Digests") -> "NDArray[np.uint64]":
    """Return `values`, of shape (N,), as an array of its own: one word each."""
    import numpy as np  # noqa: PLC0415 - as above

    if values.dtype.kind != "f":
        if len(known) > _KNOWN:
            known.clear()
        words = map(known.__getitem__, values.tolist())
        return np.fromiter(words, dtype=np.uint64, count=len(values))
    # Adding zero turns -0.0 into 0.0, and bytes of another order into the machine's.
    plain = values + values.dtype.type(0)
    plain[np.isnan(plain)] = np.nan
    bits: NDArray[np.uint64] = plain.view(f"u{plain.itemsize}").astype(np.uint64)
    return bits


def _mix(words: "NDArray[np.uint64]", spare: "NDArray[np.uint64]") -> None:
    import numpy as np  # noqa: PLC0415 - as above

    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        np.right_shift(words, np.uint64(shift), out=spare)
        words ^= spare
        words *= np.uint64(factor)
    np.right_shift(words, np.uint64(31), out=spare)
    words ^= spare


def store(prints: "NDArray[np.uint64]") -> bytes:
    """Return `prints` as the file that :func:`load` reads."""
    import numpy as np  # noqa: PLC0415 - as above

    body: bytes = np.sort(prints).astype("<u8").tobytes()
    return _HEADER.pack(_MAGIC, _VERSION, 0, len(prints)) + body


def load(stored: bytes, *, where: str = "training-rows.bin") -> "NDArray[np.uint64]":
    """Return the fingerprints in `stored`, uint64, ascending.

    Args:
        stored: what :func:`store` returned.
        where: what to call it in messages.

    Raises:
        DamagedError: it is not such a file, or not a whole one.

    """
    import numpy as np  # noqa: PLC0415 - as above

    if len(stored) < _HEADER.size:
        raise _damaged(f"{len(stored)} bytes are too short for fingerprints of rows", where)
    magic, version, reserved, count = _HEADER.unpack_from(stored)
    if magic != _MAGIC or reserved:
        raise _damaged("not a file of fingerprints of rows", where)
    if version != _VERSION:
        raise _damaged(f"fingerprints of version {version}, not {_VERSION}", where)
    if len(stored) - _HEADER.size != count * _WORD:
        raise _damaged(
            f"{len(stored)} bytes do not hold the {count} fingerprints that it promises", where
        )
    prints = np.frombuffer(stored, dtype="<u8", offset=_HEADER.size).astype(np.uint64)
    if not bool((prints[1:] >= prints[:-1]).all()):
        raise _damaged("the fingerprints of rows are not in ascending order", where)
    return prints


def _damaged(message: str, where: str) -> DamagedError:
    return DamagedError(message, where=where, hint="fetch the model again, or train it again")


def seen(
    arrays: "Mapping[str, NDArray[Any]]",
    labels: "Sequence[str] | NDArray[Any]",
    stored: bytes,
    *,
    where: str = "training-rows.bin",
) -> "NDArray[np.bool_]":
    """Return which rows are among those in `stored`, bool of shape (N,).

    Of rows that are equal as many are, the first ones, as `stored` has.

    Args:
        arrays: as in :func:`fingerprints`.
        labels: likewise.
        stored: what :func:`store` returned.
        where: what to call it in messages.

    Raises:
        DamagedError: `stored` is not what :func:`store` returned.

    """
    import numpy as np  # noqa: PLC0415 - as above

    known = load(stored, where=where)
    prints = fingerprints(arrays, labels)
    order = np.argsort(prints, kind="stable")
    ordered = prints[order]
    # The k-th of equal rows is found if there are k of them.
    nth = np.arange(len(ordered)) - np.searchsorted(ordered, ordered)
    there = np.searchsorted(known, ordered, "right") - np.searchsorted(known, ordered)
    found = np.zeros(len(prints), dtype=np.bool_)
    found[order] = nth < there
    return found
