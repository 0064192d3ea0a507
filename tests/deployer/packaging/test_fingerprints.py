"""Fingerprints of rows: the same everywhere, for ever, and never two rows with one."""

import math
import struct
import time
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from deployer.errors import DamagedError
from deployer.packaging.fingerprints import fingerprints, load, seen, store


def numbers(*values: float) -> NDArray[np.float32]:
    return np.array(values, dtype=np.float32).reshape(-1, 1)


def texts(*values: str) -> NDArray[Any]:
    return np.array(values, dtype=object).reshape(-1, 1)


# Computed once, by the definition below.
KNOWN = [0xA06FBFFB8DCE9AE8, 0xF3108E55F358B053]


def by_definition(row: dict[str, float | str], label: str) -> int:
    """The module's own words in plain Python: integers and struct, no NumPy."""
    import hashlib

    def digest(data: bytes, person: bytes = b"") -> int:
        return int.from_bytes(
            hashlib.blake2b(data, digest_size=8, person=person).digest(), "little"
        )

    def mix(z: int) -> int:
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB % 2**64
        return z ^ (z >> 31)

    steps = []
    for name in sorted(row):
        value = row[name]
        if isinstance(value, str):
            steps.append((digest(value.encode()), digest(name.encode(), b"text")))
        else:
            bits = (
                0x7FC00000
                if math.isnan(value)
                else struct.unpack("<I", struct.pack("<f", value))[0]
            )
            steps.append((bits, digest(name.encode(), b"float32")))
    steps.append((digest(label.encode()), digest(b"", b"label")))
    h = 0
    for word, key in steps:
        h = mix(h ^ mix(word ^ key))
    return h


def test_known_rows_have_the_fingerprints_that_they_always_had() -> None:
    arrays = {"bill": numbers(39.1, math.nan), "island": texts("Torgersen", "")}
    assert fingerprints(arrays, ["Adelie", "Gentoo"]).tolist() == KNOWN


@given(
    st.lists(
        st.tuples(
            st.floats(width=32, allow_infinity=False).filter(
                lambda x: x != 0 or math.copysign(1, x) > 0
            ),
            st.text(st.characters(exclude_categories=["Cs"])),
            st.sampled_from(["a", "b", "é"]),
        ),
        min_size=1,
    )
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_fingerprints_are_those_of_the_definition(rows: list[tuple[float, str, str]]) -> None:
    arrays = {"x": numbers(*(row[0] for row in rows)), "t": texts(*(row[1] for row in rows))}
    found = fingerprints(arrays, [row[2] for row in rows]).tolist()
    assert found == [by_definition({"x": x, "t": t}, label) for x, t, label in rows]


def test_order_of_columns_and_rows_does_not_matter() -> None:
    random = np.random.default_rng(0)
    arrays = {name: random.normal(size=(200, 1)).astype(np.float32) for name in "abc"}
    labels = random.choice(["x", "y"], 200).astype(object)
    prints = fingerprints(arrays, labels)
    assert (fingerprints(dict(reversed(arrays.items())), labels) == prints).all()
    order = random.permutation(200)
    moved = fingerprints({name: each[order] for name, each in arrays.items()}, labels[order])
    assert (moved == prints[order]).all()


def test_rows_across_chunks_are_fingerprinted_as_alone() -> None:
    rows = 70_000
    arrays = {"x": np.arange(rows, dtype=np.float32).reshape(-1, 1)}
    prints = fingerprints(arrays, ["a"] * rows)
    for i in (0, 32_767, 32_768, 65_535, 65_536, rows - 1):
        assert fingerprints({"x": arrays["x"][i : i + 1]}, ["a"])[0] == prints[i]


def test_zeros_and_nans_are_alike_whatever_their_bits() -> None:
    odd = np.array([0x7FC00001, 0xFFC00000, 0x80000000], dtype=np.uint32).view(np.float32)
    plain = numbers(math.nan, math.nan, 0.0)
    assert (
        fingerprints({"x": odd.reshape(-1, 1)}, ["a"] * 3) == fingerprints({"x": plain}, ["a"] * 3)
    ).all()


def test_bytes_of_another_order_are_the_same_numbers() -> None:
    values = numbers(1.5, -2.25)
    swapped = values.astype(">f4")
    assert (fingerprints({"x": swapped}, "ab") == fingerprints({"x": values}, "ab")).all()


def test_every_part_of_a_row_counts() -> None:
    def one(arrays: dict[str, NDArray[Any]], label: str = "a") -> int:
        return int(fingerprints(arrays, [label])[0])

    found = [
        one({"x": numbers(1), "y": numbers(2)}),
        one({"x": numbers(2), "y": numbers(1)}),
        one({"x": numbers(1), "z": numbers(2)}),
        one({"x": numbers(1), "y": numbers(2)}, "b"),
        one({"x": numbers(1), "y": np.array([[2.0]])}),
        one({"x": numbers(1), "y": texts("2.0")}),
        one({"x": numbers(1)}),
        one({"x": numbers(1), "y": numbers(math.nan)}),
        one({"x": numbers(1), "y": texts("")}),
    ]
    assert len(set(found)) == len(found)


def test_near_rows_do_not_collide() -> None:
    # Small whole numbers in three columns: the hardest for a weak mixture.
    side = 64
    grid = np.stack(np.meshgrid(*[np.arange(side)] * 3), axis=-1).reshape(-1, 3).astype(np.float32)
    arrays = {name: grid[:, [i]] for i, name in enumerate("abc")}
    prints = fingerprints(arrays, ["a"] * side**3)
    assert len(np.unique(prints)) == side**3
    # And every bit of them is a fair coin: 262,144 throws, five standard deviations.
    ones = [(prints >> np.uint64(bit) & np.uint64(1)).mean() for bit in range(64)]
    assert max(abs(share - 0.5) for share in ones) < 5 * 0.5 / math.sqrt(side**3)


def test_of_equal_rows_as_many_are_seen_as_were_fitted_on() -> None:
    values = np.array([[7], [1], [7], [7], [2]], dtype=np.float32)
    stored = store(fingerprints({"x": values[:3]}, ["a", "a", "a"]))
    found = seen({"x": values}, ["a"] * 5, stored)
    assert found.tolist() == [True, True, True, False, False]


def test_seen_rows_are_told_from_others() -> None:
    random = np.random.default_rng(1)
    values = random.normal(size=(500, 1)).astype(np.float32)
    labels = np.array(["a", "b"], dtype=object)[random.integers(0, 2, 500)]
    stored = store(fingerprints({"x": values[:300]}, labels[:300]))
    assert seen({"x": values}, labels, stored).tolist() == [True] * 300 + [False] * 200
    other = np.where(labels == "a", "b", "a").astype(object)
    assert not seen({"x": values}, other, stored).any()


def test_nothing_is_among_no_rows() -> None:
    stored = store(fingerprints({"x": numbers()}, []))
    assert seen({"x": numbers(1)}, ["a"], stored).tolist() == [False]
    assert seen({"x": numbers()}, [], stored).tolist() == []


def test_the_file_is_sorted_and_holds_each_row_once() -> None:
    stored = store(np.array([5, 2**64 - 1, 5, 1], dtype=np.uint64))
    assert stored == b"DPLYROWS" + struct.pack("<IIQ4Q", 1, 0, 4, 1, 5, 5, 2**64 - 1)
    assert load(stored).tolist() == [1, 5, 5, 2**64 - 1]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda b: b[:10], "too short"),
        (lambda b: b"X" + b[1:], "not a file of fingerprints"),
        (lambda b: b[:8] + b"\x02" + b[9:], "version 2"),
        (lambda b: b[:12] + b"\x01" + b[13:], "not a file of fingerprints"),
        (lambda b: b[:-8], "promises"),
        (lambda b: b[:-1], "promises"),
        (lambda b: b + b"\0", "promises"),
        (lambda b: b[:24] + b[32:40] + b[24:32], "ascending"),
        (lambda b: b[:16] + b"\xff" * 8 + b[24:], "promises"),
    ],
)
def test_a_damaged_file_is_refused(change: Any, says: str) -> None:
    stored = store(np.array([1, 2], dtype=np.uint64))
    with pytest.raises(DamagedError, match=says) as caught:
        seen({"x": numbers(1)}, ["a"], change(stored), where="there.bin")
    assert caught.value.where == "there.bin"
    assert caught.value.hint


def test_a_hundred_thousand_rows_of_fifty_columns_take_a_moment() -> None:
    random = np.random.default_rng(0)
    arrays = {str(i): random.random((100_000, 1), dtype=np.float32) for i in range(50)}
    labels = np.full(100_000, "a", dtype=object)
    best = math.inf
    for _ in range(3):
        start = time.perf_counter()
        fingerprints(arrays, labels)
        best = min(best, time.perf_counter() - start)
    assert best < 1.0  # 0.07 s on one quiet core
