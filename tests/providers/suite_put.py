"""Conformance: writing."""

import io
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

import pytest

from providers.errors import (
    AlreadyExistsError,
    IntegrityError,
    InvalidKeyError,
    NotFoundError,
    PreconditionError,
    StoreError,
)
from providers.source import Body
from providers.store import Store
from tests.providers.harness import Harness, Recorder, digest, payload, pieces
from tests.providers.suite_base import SuiteBase

if TYPE_CHECKING:
    from providers.model import PutMode, Version

SIZES = [
    pytest.param(0, 0, id="empty"),
    pytest.param(0, 1, id="one-byte"),
    pytest.param(1, -1, id="part-less-one"),
    pytest.param(1, 0, id="part"),
    pytest.param(1, 1, id="part-and-one"),
    pytest.param(2, 0, id="two-parts"),
    pytest.param(2, 1, id="two-parts-and-one"),
]
SMALL_OR_LARGE = [pytest.param(0, id="small"), pytest.param(2, id="large")]
WRONG = digest(b"something else")


class OneWay(io.RawIOBase):
    """A stream like a pipe: it gives a little at a time and cannot seek."""

    def __init__(self, body: bytes) -> None:
        self._left = io.BytesIO(body)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        room = memoryview(cast(bytearray, buffer))
        piece = self._left.read(min(len(room), 1000))
        room[: len(piece)] = piece
        return len(piece)


def bodies(body: bytes, folder: Path) -> Iterator[tuple[str, Body]]:
    """Yield `body` in every form that a caller may have it in."""
    path = folder / "body"
    path.write_bytes(body)
    yield "bytes", body
    yield "bytearray", bytearray(body)
    yield "memoryview", memoryview(body)
    yield "path", path
    yield "stream", io.BytesIO(body)
    yield "one-way", cast(BinaryIO, OneWay(body))
    yield "list", [body[:1], b"", body[1:]]
    yield "generator", pieces(body)


class PutCases(SuiteBase):
    """What a write leaves behind."""

    @pytest.mark.parametrize(("parts", "extra"), SIZES)
    def test_put_size(self, harness: Harness, store: Store, parts: int, extra: int) -> None:
        body = payload(parts * harness.part_size + extra)
        meta = store.put("models/size.bin", body, mode="create")
        assert (meta.key, meta.size) == ("models/size.bin", len(body))
        assert harness.raw_get("models/size.bin") == body
        head = store.head("models/size.bin")
        assert (head.size, head.version) == (len(body), meta.version)

    @pytest.mark.parametrize(("parts", "extra"), SIZES)
    def test_put_unknown_size(self, harness: Harness, store: Store, parts: int, extra: int) -> None:
        body = payload(parts * harness.part_size + extra)
        meta = store.put("stream.bin", pieces(body), mode="create")
        assert (meta.size, meta.sha256) == (len(body), digest(body))
        assert harness.raw_get("stream.bin") == body

    @pytest.mark.parametrize("parts", SMALL_OR_LARGE)
    def test_put_any_body(self, harness: Harness, store: Store, tmp_path: Path, parts: int) -> None:
        body = payload(parts * harness.part_size + 100)
        for form, value in bodies(body, tmp_path):
            meta = store.put(form, value, mode="create")
            assert (meta.size, meta.sha256) == (len(body), digest(body)), form
            assert harness.raw_get(form) == body, form

    @pytest.mark.parametrize("parts", SMALL_OR_LARGE)
    def test_put_stream_from_its_position(self, harness: Harness, store: Store, parts: int) -> None:
        body = payload(parts * harness.part_size + 100)
        stream = io.BytesIO(b"read before" + body)
        stream.seek(len(b"read before"))
        store.put("rest", stream, mode="create")
        assert harness.raw_get("rest") == body

    @pytest.mark.parametrize("parts", SMALL_OR_LARGE)
    def test_put_keeps_no_buffer(self, harness: Harness, store: Store, parts: int) -> None:
        body = payload(parts * harness.part_size + 100)
        buffer = bytearray(body)
        store.put("buffer", buffer, mode="create")
        buffer[:] = bytes(len(buffer))
        assert harness.raw_get("buffer") == body
        assert store.get("buffer") == body

    def test_put_copies_each_piece(self, harness: Harness, store: Store) -> None:
        body = payload(3 * harness.part_size + 100)

        def refill() -> Iterator[bytes]:
            buffer = bytearray(harness.part_size // 2)
            for piece in pieces(body, len(buffer)):
                buffer[:] = piece
                yield cast(bytes, buffer)
                buffer[:] = bytes(len(buffer))

        store.put("refilled", refill(), mode="create")
        assert harness.raw_get("refilled") == body

    def test_put_many_parts(self, harness: Harness, store: Store) -> None:
        body = payload(5 * harness.part_size + 100)
        store.put("large", body, mode="create")
        assert harness.raw_get("large") == body
        assert store.get("large") == body
        assert harness.raw_keys() == ["large"]

    @pytest.mark.parametrize("parts", SMALL_OR_LARGE)
    def test_put_records_sha256(self, harness: Harness, store: Store, parts: int) -> None:
        body = payload(parts * harness.part_size + 100)
        assert store.put("a", body, mode="create").sha256 == digest(body)
        assert store.put("b", body, mode="create", sha256=digest(body)).sha256 == digest(body)
        assert store.put("c", pieces(body), mode="create").sha256 == digest(body)
        if parts == 0:
            # A stream longer than a part is sent before its digest is known.
            assert store.head("c").sha256 == digest(body)
        assert store.head("a").sha256 == digest(body)
        assert store.head("b").sha256 == digest(body)

    @pytest.mark.parametrize("parts", SMALL_OR_LARGE)
    def test_put_refuses_wrong_sha256(
        self, harness: Harness, store: Store, tmp_path: Path, parts: int
    ) -> None:
        body = payload(parts * harness.part_size + 100)
        for form, value in bodies(body, tmp_path):
            with pytest.raises(IntegrityError):
                store.put(form, value, mode="create", sha256=WRONG)
        assert harness.raw_keys() == []

    @pytest.mark.parametrize("parts", SMALL_OR_LARGE)
    def test_put_wrong_sha256_leaves_the_old(
        self, harness: Harness, store: Store, parts: int
    ) -> None:
        store.put("kept", b"old", mode="create")
        body = payload(parts * harness.part_size + 100)
        with pytest.raises(IntegrityError):
            store.put("kept", body, mode="overwrite", sha256=WRONG)
        assert harness.raw_get("kept") == b"old"

    @pytest.mark.parametrize("parts", SMALL_OR_LARGE)
    def test_put_metadata(self, harness: Harness, store: Store, parts: int) -> None:
        body = payload(parts * harness.part_size + 100)
        metadata = {"stage": "champion", "note7": "a b; c=d, \"e\" 'f' ~", "x": "1" * 500}
        meta = store.put("described", body, mode="create", metadata=metadata)
        assert dict(meta.metadata) == metadata
        assert dict(store.head("described").metadata) == metadata
        store.put("described", body, mode="overwrite")
        assert dict(store.head("described").metadata) == {}

    def test_put_metadata_with_spaces(self, store: Store) -> None:
        """HTTP trims header values: what cannot be kept must be refused, not changed."""
        for value in ("", " ", " leading", "trailing ", "two  spaces"):
            try:
                store.put("spaces", b"x", mode="overwrite", metadata={"value": value})
            except InvalidKeyError:
                continue
            assert dict(store.head("spaces").metadata) == {"value": value}

    def test_put_refuses_bad_metadata(self, harness: Harness, store: Store) -> None:
        for metadata in (
            {"Upper": "x"},
            {"with-dash": "x"},
            {"7up": "x"},
            {"": "x"},
            {"name": "line\nbreak"},
            {"name": "ü"},
            {"deployersha256": "x"},
            {"deployercall": "x"},
        ):
            with pytest.raises(InvalidKeyError):
                store.put("bad", b"x", mode="create", metadata=metadata)
        assert harness.raw_keys() == []

    @pytest.mark.parametrize("parts", SMALL_OR_LARGE)
    def test_create_twice(self, harness: Harness, store: Store, parts: int) -> None:
        first = payload(parts * harness.part_size + 100, seed=1)
        store.put("once", first, mode="create")
        for second in (payload(parts * harness.part_size + 100, seed=2), first):
            with pytest.raises(AlreadyExistsError) as caught:
                store.put("once", second, mode="create")
            assert isinstance(caught.value, FileExistsError)
            assert harness.raw_get("once") == first

    @pytest.mark.parametrize("parts", SMALL_OR_LARGE)
    def test_create_what_others_wrote(self, harness: Harness, store: Store, parts: int) -> None:
        harness.raw_put("theirs", b"their bytes")
        with pytest.raises(AlreadyExistsError):
            store.put("theirs", payload(parts * harness.part_size + 100), mode="create")
        assert harness.raw_get("theirs") == b"their bytes"

    def test_overwrite(self, harness: Harness, store: Store) -> None:
        large = payload(2 * harness.part_size + 100)
        versions = set()
        for body in (b"first", large, b"", b"second and longer", large[::-1]):
            versions.add(store.put("again", body, mode="overwrite").version)
            assert harness.raw_get("again") == body
            assert store.head("again").sha256 == digest(body)
        assert len(versions) == 5
        assert harness.raw_keys() == ["again"]

    @pytest.mark.parametrize("parts", SMALL_OR_LARGE)
    def test_update(self, harness: Harness, store: Store, parts: int) -> None:
        version = store.put("current", b"0", mode="create").version
        for seed in range(3):
            body = payload(parts * harness.part_size + 100, seed)
            meta = store.put("current", body, mode=version)
            assert meta.version != version
            assert harness.raw_get("current") == body
            version = meta.version
        assert store.head("current").version == version

    def test_update_with_the_version_of_a_listing(self, store: Store) -> None:
        store.put("listed", b"0", mode="create")
        (meta,) = store.list()
        store.put("listed", b"1", mode=meta.version)
        with pytest.raises(PreconditionError):
            store.put("listed", b"2", mode=meta.version)

    @pytest.mark.parametrize("parts", SMALL_OR_LARGE)
    def test_update_of_a_stale_version(self, harness: Harness, store: Store, parts: int) -> None:
        stale = store.put("moved", b"0", mode="create").version
        store.put("moved", b"1", mode="overwrite")
        with pytest.raises(PreconditionError):
            store.put("moved", payload(parts * harness.part_size + 100), mode=stale)
        assert harness.raw_get("moved") == b"1"

    def test_update_after_a_raw_write(self, harness: Harness, store: Store) -> None:
        stale = store.put("moved", b"0", mode="create").version
        harness.raw_put("moved", b"1")
        with pytest.raises(PreconditionError):
            store.put("moved", b"2", mode=stale)
        assert harness.raw_get("moved") == b"1"

    @pytest.mark.parametrize("parts", SMALL_OR_LARGE)
    def test_update_of_an_absent_key(self, harness: Harness, store: Store, parts: int) -> None:
        gone = store.put("gone", b"0", mode="create").version
        harness.raw_delete("gone")
        with pytest.raises(PreconditionError):
            store.put("gone", payload(parts * harness.part_size + 100), mode=gone)
        assert harness.raw_keys() == []

    def test_versions_never_repeat(self, harness: Harness, store: Store) -> None:
        versions: set[Version] = set()
        for number in range(60):
            body = b"%03d" % number
            versions.add(store.put("counted", body, mode="overwrite").version)
            if number % 10 == 9:
                store.delete("counted")
        assert len(versions) == 60

    @pytest.mark.parametrize("size", [0, 1, 3], ids=lambda size: f"{size}-parts")
    def test_abort_midway(self, harness: Harness, store: Store, size: int) -> None:
        interruption = RuntimeError("the source broke")
        body = payload(size * harness.part_size + 100)

        def broken() -> Iterator[bytes]:
            yield from pieces(body)
            raise interruption

        with pytest.raises(RuntimeError) as caught:
            store.put("half", broken(), mode="overwrite" if size == 1 else "create")
        assert caught.value is interruption
        assert harness.raw_keys() == []
        assert not store.exists("half")
        if harness.shows_uploads:
            assert harness.raw_uploads() == 0

    @pytest.mark.parametrize("parts", SMALL_OR_LARGE)
    def test_error_of_the_source_is_not_ours(
        self, harness: Harness, store: Store, parts: int
    ) -> None:
        """A copy from another store: what goes wrong there must not be blamed on this one."""
        version = store.put("copy", b"0", mode="create").version
        modes: list[PutMode] = ["overwrite", version, "create"]

        def broken(theirs: StoreError) -> Iterator[bytes]:
            yield payload(parts * harness.part_size + 100)
            raise theirs

        for kind, mode in itertools.product(
            (NotFoundError, AlreadyExistsError, PreconditionError), modes
        ):
            theirs = kind("the source moved", op="get", url="s3://elsewhere/model")
            with pytest.raises(StoreError) as caught:
                store.put("copy", broken(theirs), mode=mode)
            assert caught.value is theirs
            assert theirs.url == "s3://elsewhere/model"

    @pytest.mark.parametrize("parts", SMALL_OR_LARGE)
    def test_progress_that_raises(self, harness: Harness, store: Store, parts: int) -> None:
        def stop(done: int) -> None:
            raise RuntimeError("cancelled")

        body = payload(parts * harness.part_size + 100)
        with pytest.raises(RuntimeError, match="cancelled"):
            store.put("cancelled", body, mode="create", progress=stop)
        if parts and harness.shows_uploads:
            assert harness.raw_keys() == []
            assert harness.raw_uploads() == 0

    def test_refused_large_write_leaves_no_parts(self, harness: Harness, store: Store) -> None:
        store.put("taken", b"first", mode="create")
        with pytest.raises(AlreadyExistsError):
            store.put("taken", pieces(payload(2 * harness.part_size + 100)), mode="create")
        assert harness.raw_keys() == ["taken"]
        if harness.shows_uploads:
            assert harness.raw_uploads() == 0

    def test_nothing_is_visible_before_the_end(self, harness: Harness, store: Store) -> None:
        body = payload(4 * harness.part_size)
        seen: list[list[str]] = []

        def watched() -> Iterator[bytes]:
            for piece in pieces(body, harness.part_size):
                yield piece
                seen.append(harness.raw_keys() + [meta.key for meta in store.list()])

        store.put("slow", watched(), mode="create")
        assert seen == [[]] * 4
        assert harness.raw_get("slow") == body

    def test_put_of_a_changing_file(self, harness: Harness, store: Store, tmp_path: Path) -> None:
        path = tmp_path / "changing"
        path.write_bytes(payload(3 * harness.part_size))
        changed: list[int] = []

        def change(done: int) -> None:
            if not changed:
                changed.append(done)
                with path.open("ab") as file:
                    file.write(b"more")

        with pytest.raises(IntegrityError):
            store.put("changing", path, mode="create", progress=change)
        assert changed
        assert harness.raw_keys() == []

    def test_put_of_an_absent_file(self, harness: Harness, store: Store, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError):
            store.put("absent", tmp_path / "absent", mode="create")
        assert harness.raw_keys() == []

    def test_upload_resumes(self, harness: Harness, tmp_path: Path) -> None:
        body = payload(4 * harness.part_size + 100)
        path = tmp_path / "body"
        path.write_bytes(body)
        journal = tmp_path / "journal"

        class Interruption(KeyboardInterrupt):
            """The user has had enough."""

        def interrupt(op: str, count: int) -> None:
            if op == "put_part" and count == 3:
                raise Interruption

        _, cut = Recorder.around(harness.open().driver, interrupt)
        with (
            harness.open(journal=journal, workers=1, wrap=lambda _: cut) as store,
            pytest.raises(Interruption),
        ):
            store.put("resumed", path, mode="create", sha256=digest(body))
        assert harness.raw_keys() == []
        recorder, driver = Recorder.around(harness.open().driver)
        with harness.open(journal=journal, wrap=lambda _: driver) as store:
            assert store.put("resumed", path, mode="create", sha256=digest(body)).size == len(body)
        assert harness.raw_get("resumed") == body
        assert recorder.ops().count("put_part") == 3
        if harness.shows_uploads:
            assert harness.raw_uploads() == 0
        assert list(journal.iterdir()) == []
