"""Conformance: reading and deleting."""

import contextlib
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from providers.errors import (
    IntegrityError,
    NotFoundError,
    PreconditionError,
    RangeError,
    UnsupportedError,
)
from providers.model import ByteRange
from providers.store import Store
from tests.providers.harness import Harness, digest, payload
from tests.providers.suite_base import SuiteBase

SMALL_OR_LARGE = [pytest.param(0, id="small"), pytest.param(2, id="large")]
TEN = b"0123456789"

RANGES = {
    ByteRange(0, 1): b"0",
    ByteRange(0, 10): TEN,
    ByteRange(0): TEN,
    ByteRange(3, 7): b"3456",
    ByteRange(4): b"456789",
    ByteRange(9): b"9",
    ByteRange(9, 10): b"9",
    ByteRange(5, 100): b"56789",
    ByteRange(0, 100): TEN,
}


class GetCases(SuiteBase):
    """What a read returns."""

    @pytest.mark.parametrize("parts", SMALL_OR_LARGE)
    def test_get(self, harness: Harness, store: Store, parts: int) -> None:
        body = payload(parts * harness.part_size + 100)
        harness.raw_put("raw", body)
        assert store.get("raw") == body
        assert store.get("raw", sha256=digest(body)) == body

    def test_get_empty(self, harness: Harness, store: Store) -> None:
        harness.raw_put("empty", b"")
        assert store.get("empty") == b""
        assert store.head("empty").size == 0

    def test_get_range(self, harness: Harness, store: Store) -> None:
        harness.raw_put("ten", TEN)
        for wanted, expected in RANGES.items():
            assert store.get("ten", range=wanted) == expected, wanted
            with store.open("ten", range=wanted) as read:
                assert read.meta.size == 10, wanted
                assert b"".join(read.chunks) == expected, wanted

    def test_get_range_past_the_end(self, harness: Harness, store: Store) -> None:
        harness.raw_put("ten", TEN)
        harness.raw_put("empty", b"")
        for wanted in (ByteRange(10), ByteRange(10, 11), ByteRange(11), ByteRange(1000, 2000)):
            with pytest.raises(RangeError):
                store.get("ten", range=wanted)
            with pytest.raises(RangeError), store.open("ten", range=wanted) as read:
                b"".join(read.chunks)
        for wanted in (ByteRange(0), ByteRange(0, 1), ByteRange(1)):
            with pytest.raises(RangeError):
                store.get("empty", range=wanted)

    def test_get_nonsense_range(self, harness: Harness, store: Store) -> None:
        """A range that holds no byte or counts from the end is refused, never reinterpreted."""
        harness.raw_put("ten", TEN)
        for start, end in ((-1, None), (-5, 3), (0, 0), (3, 3), (5, 2)):
            with pytest.raises((RangeError, ValueError)):
                store.get("ten", range=ByteRange(start, end))

    def test_get_range_of_large(self, harness: Harness, store: Store) -> None:
        size = 2 * harness.part_size + 100
        body = payload(size)
        store.put("large", body, mode="create")
        edge = harness.part_size
        for start, end in ((0, 10), (edge - 5, edge + 5), (edge, edge + 1), (size - 7, size)):
            assert store.get("large", range=ByteRange(start, end)) == body[start:end]

    @pytest.mark.parametrize("wanted", [None, ByteRange(2, 5)], ids=["whole", "range"])
    def test_get_if_match(self, harness: Harness, store: Store, wanted: ByteRange | None) -> None:
        stale = store.put("moving", b"old bytes", mode="create").version
        expected = b"old bytes"[2:5] if wanted else b"old bytes"
        assert store.get("moving", range=wanted, if_match=stale) == expected
        harness.raw_put("moving", b"new bytes")
        with pytest.raises(PreconditionError):
            store.get("moving", range=wanted, if_match=stale)
        with (
            pytest.raises(PreconditionError),
            store.open("moving", range=wanted, if_match=stale) as read,
        ):
            b"".join(read.chunks)

    def test_get_sees_each_overwrite(self, harness: Harness, store: Store) -> None:
        for number in range(5):
            body = b"content %d" % number
            store.put("latest", body, mode="overwrite")
            assert store.get("latest") == body
        harness.raw_put("latest", b"by someone else")
        assert store.get("latest") == b"by someone else"

    def test_open_streams(self, harness: Harness, store: Store) -> None:
        body = payload(2 * harness.part_size + 100)
        store.put("streamed", body, mode="create")
        with store.open("streamed") as read:
            assert (read.meta.key, read.meta.size) == ("streamed", len(body))
            assert b"".join(read.chunks) == body
        with store.open("streamed") as read:
            assert body.startswith(next(read.chunks))

    def test_head(self, harness: Harness, store: Store) -> None:
        before = datetime.now(UTC) - timedelta(minutes=5)
        harness.raw_put("raw", TEN)
        meta = store.head("raw")
        assert (meta.key, meta.size, meta.sha256, dict(meta.metadata)) == ("raw", 10, None, {})
        assert meta.version.token
        if meta.modified is not None:
            assert meta.modified.utcoffset() == timedelta(0)
            assert before < meta.modified < datetime.now(UTC) + timedelta(minutes=5)
        with store.open("raw") as read:
            assert read.meta.version == meta.version

    def test_exists(self, harness: Harness, store: Store) -> None:
        assert not store.exists("a")
        harness.raw_put("a", b"")
        assert store.exists("a")
        assert not store.exists("A")
        harness.raw_delete("a")
        assert not store.exists("a")

    def test_missing(self, harness: Harness, store: Store, tmp_path: Path) -> None:
        harness.raw_put("present/below", b"x")
        for key in ("absent", "present", "present/below2"):
            with pytest.raises(NotFoundError) as caught:
                store.get(key)
            assert isinstance(caught.value, FileNotFoundError)
            with pytest.raises(NotFoundError):
                store.get(key, range=ByteRange(0, 1))
            with pytest.raises(NotFoundError), store.open(key) as read:
                b"".join(read.chunks)
            with pytest.raises(NotFoundError):
                store.head(key)
            with pytest.raises(NotFoundError):
                store.download(key, tmp_path / "absent")
            assert not (tmp_path / "absent").exists()

    def test_delete(self, harness: Harness, store: Store) -> None:
        for key in ("a", "a-", "b", "b/c", "bc"):
            if key != "b/c":  # a folder cannot hold both b and b/c
                harness.raw_put(key, b"x")
        store.delete("a")
        assert harness.raw_keys() == ["a-", "b", "bc"]
        store.delete("a")
        store.delete("never/was")
        assert harness.raw_keys() == ["a-", "b", "bc"]
        with pytest.raises(NotFoundError):
            store.get("a")
        store.put("a", b"again", mode="create")
        assert harness.raw_get("a") == b"again"

    def test_delete_leaves_what_is_below(self, harness: Harness, store: Store) -> None:
        harness.raw_put("folder/a", b"x")
        harness.raw_put("folder/b", b"x")
        store.delete("folder")
        assert harness.raw_keys() == ["folder/a", "folder/b"]

    def test_delete_if_match(self, harness: Harness, store: Store) -> None:
        stale = store.put("kept", b"0", mode="create").version
        current = store.put("kept", b"1", mode="overwrite").version
        if not store.capabilities.conditional_delete:
            with pytest.raises(UnsupportedError):
                store.delete("kept", if_match=current)
            assert harness.raw_get("kept") == b"1"
            return
        with pytest.raises(PreconditionError):
            store.delete("kept", if_match=stale)
        assert harness.raw_get("kept") == b"1"
        store.delete("kept", if_match=current)
        assert harness.raw_keys() == []

    def test_presign(self, harness: Harness, store: Store) -> None:
        body = payload(100)
        key = "signed/with space+plus.bin"
        harness.raw_put(key, body)
        if not store.capabilities.presign:
            with pytest.raises(UnsupportedError):
                store.presign(key, expires=timedelta(minutes=5))
            return
        url = store.presign(key, expires=timedelta(minutes=5))
        with contextlib.closing(urllib.request.urlopen(url, timeout=30)) as response:
            assert response.read() == body

    def test_presign_of_a_changed_url(self, harness: Harness, store: Store) -> None:
        harness.raw_put("signed", b"for you")
        harness.raw_put("others", b"not for you")
        if not store.capabilities.presign:
            return
        url = store.presign("signed", expires=timedelta(minutes=5))
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(url.replace("/signed", "/others"), timeout=30).close()
        caught.value.close()


class IntegrityCases(SuiteBase):
    """A full read is the bytes that were promised, or an error."""

    @pytest.mark.parametrize("parts", SMALL_OR_LARGE)
    def test_tampered(self, harness: Harness, store: Store, tmp_path: Path, parts: int) -> None:
        body = payload(parts * harness.part_size + 100)
        store.put("model", body, mode="create")
        harness.raw_tamper("model", payload(len(body), seed=1))
        with pytest.raises(IntegrityError):
            store.get("model")
        with pytest.raises(IntegrityError), store.open("model") as read:
            b"".join(read.chunks)
        with pytest.raises(IntegrityError):
            store.download("model", tmp_path / "model")
        assert not (tmp_path / "model").exists()

    def test_flipped_bit(self, harness: Harness, store: Store, tmp_path: Path) -> None:
        body = bytearray(payload(2 * harness.part_size + 100))
        store.put("model", body, mode="create")
        body[-1] ^= 1
        harness.raw_tamper("model", bytes(body))
        with pytest.raises(IntegrityError):
            store.get("model")
        with pytest.raises(IntegrityError):
            store.download("model", tmp_path / "model")

    def test_tampered_is_no_reason_to_refuse_a_range(self, harness: Harness, store: Store) -> None:
        store.put("model", TEN, mode="create")
        harness.raw_tamper("model", b"9876543210")
        assert store.get("model", range=ByteRange(0, 2)) == b"98"

    @pytest.mark.parametrize("parts", SMALL_OR_LARGE)
    def test_not_the_sha256_asked_for(
        self, harness: Harness, store: Store, tmp_path: Path, parts: int
    ) -> None:
        """What the caller expects counts, whatever the store has recorded."""
        body = payload(parts * harness.part_size + 100)
        store.put("model", body, mode="create")
        wrong = digest(b"other")
        with pytest.raises(IntegrityError):
            store.get("model", sha256=wrong)
        with pytest.raises(IntegrityError), store.open("model", sha256=wrong) as read:
            b"".join(read.chunks)
        with pytest.raises(IntegrityError):
            store.download("model", tmp_path / "model", sha256=wrong)
        assert not (tmp_path / "model").exists()
        assert store.get("model", sha256=digest(body)) == body
