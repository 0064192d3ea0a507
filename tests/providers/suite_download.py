"""Conformance: downloads to a file."""

from collections.abc import Callable
from pathlib import Path

import pytest

from providers.errors import IntegrityError, PreconditionError, StoreError
from providers.faulty import Fault, FaultyDriver
from providers.model import ByteRange, ObjectMeta
from providers.store import Store
from tests.providers.harness import Harness, Recorder, digest, payload
from tests.providers.suite_base import SuiteBase, at_once

SIZES = [
    pytest.param(0, 0, id="empty"),
    pytest.param(0, 1, id="one-byte"),
    pytest.param(1, 0, id="part"),
    pytest.param(1, 1, id="part-and-one"),
    pytest.param(3, 100, id="four-parts"),
]


class Interruption(KeyboardInterrupt):
    """The user has had enough."""


def interrupt_at(size: int) -> Callable[[int], None]:
    """Return a progress callback that raises once `size` bytes are through."""
    seen: list[int] = []

    def progress(done: int) -> None:
        seen.append(done)
        if sum(seen) >= size:
            raise Interruption

    return progress


def range_bytes(recorder: Recorder, size: int) -> int:
    """Return how many bytes the recorded reads asked for."""
    total = 0
    for call in recorder.calls:
        if call.op == "get":
            wanted: ByteRange | None = call.kwargs.get("range")
            start, end = (0, None) if wanted is None else wanted
            total += min(size, size if end is None else end) - start
    return total


class DownloadCases(SuiteBase):
    """What a download leaves on the disk."""

    @pytest.mark.parametrize(("parts", "extra"), SIZES)
    def test_download(
        self, harness: Harness, ranged: Store, tmp_path: Path, parts: int, extra: int
    ) -> None:
        body = payload(parts * harness.range_size + extra)
        put = ranged.put("model", body, mode="create")
        folder = tmp_path / "to"
        folder.mkdir()
        meta = ranged.download("model", folder / "model")
        assert (folder / "model").read_bytes() == body
        assert (meta.key, meta.size, meta.version) == ("model", len(body), put.version)
        assert meta.sha256 == digest(body)
        assert [path.name for path in folder.iterdir()] == ["model"]

    def test_download_what_others_wrote(
        self, harness: Harness, ranged: Store, tmp_path: Path
    ) -> None:
        body = payload(2 * harness.range_size + 100)
        harness.raw_put("theirs", body)
        ranged.download("theirs", tmp_path / "theirs")
        assert (tmp_path / "theirs").read_bytes() == body

    def test_download_replaces(self, harness: Harness, ranged: Store, tmp_path: Path) -> None:
        path = tmp_path / "model"
        path.write_bytes(b"an older and longer file" * 1000)
        harness.raw_put("model", b"new")
        ranged.download("model", path)
        assert path.read_bytes() == b"new"

    def test_download_keeps_the_old_on_failure(
        self, harness: Harness, ranged: Store, tmp_path: Path
    ) -> None:
        path = tmp_path / "model"
        path.write_bytes(b"old")
        body = payload(2 * harness.range_size + 100)
        ranged.put("model", body, mode="create")
        with pytest.raises(IntegrityError):
            ranged.download("model", path, sha256=digest(b"other"))
        assert path.read_bytes() == b"old"
        assert [entry.name for entry in tmp_path.iterdir()] == ["model"]

    def test_download_progress(self, harness: Harness, ranged: Store, tmp_path: Path) -> None:
        body = payload(3 * harness.range_size + 100)
        ranged.put("model", body, mode="create")
        seen: list[int] = []
        ranged.download("model", tmp_path / "model", progress=seen.append)
        assert sum(seen) == len(body)
        seen.clear()
        ranged.put("again", body, mode="create", progress=seen.append)
        assert sum(seen) == len(body)

    def test_download_if_match(self, harness: Harness, ranged: Store, tmp_path: Path) -> None:
        stale = ranged.put("model", b"old", mode="create").version
        ranged.download("model", tmp_path / "model", if_match=stale)
        assert (tmp_path / "model").read_bytes() == b"old"
        harness.raw_put("model", b"new")
        with pytest.raises(PreconditionError):
            ranged.download("model", tmp_path / "second", if_match=stale)
        assert not (tmp_path / "second").exists()

    def test_interrupted_download_leaves_no_file(
        self, harness: Harness, ranged: Store, tmp_path: Path
    ) -> None:
        ranged.put("model", payload(4 * harness.range_size), mode="create")
        with pytest.raises(Interruption):
            ranged.download(
                "model", tmp_path / "model", progress=interrupt_at(2 * harness.range_size)
            )
        assert not (tmp_path / "model").exists()

    def test_download_resumes(self, harness: Harness, tmp_path: Path) -> None:
        body = payload(6 * harness.range_size + 100)
        path = tmp_path / "model"
        journal = tmp_path / "journal"
        with harness.open(journal=journal, part_size=harness.range_size, workers=1) as store:
            store.put("model", body, mode="create")
            with pytest.raises(Interruption):
                store.download("model", path, progress=interrupt_at(4 * harness.range_size))
        assert not path.exists()
        recorder, driver = Recorder.around(harness.open().driver)
        with harness.open(
            journal=journal, part_size=harness.range_size, workers=1, wrap=lambda _: driver
        ) as store:
            assert store.download("model", path).sha256 == digest(body)
        assert path.read_bytes() == body
        assert 0 < range_bytes(recorder, len(body)) <= len(body) - 3 * harness.range_size

    def test_resumed_download_never_splices(self, harness: Harness, tmp_path: Path) -> None:
        """Between the two halves of a download, another version takes the object's place."""
        old = payload(4 * harness.range_size, seed=1)
        new = payload(4 * harness.range_size, seed=2)
        path = tmp_path / "model"
        journal = tmp_path / "journal"
        harness.raw_put("model", old)  # no SHA-256 recorded: nothing else would notice
        with harness.open(journal=journal, part_size=harness.range_size, workers=1) as store:
            with pytest.raises(Interruption):
                store.download("model", path, progress=interrupt_at(2 * harness.range_size))
            harness.raw_put("model", new)
            store.download("model", path)
        assert path.read_bytes() == new

    def test_downloads_to_one_path(self, harness: Harness, ranged: Store, tmp_path: Path) -> None:
        """Two commands fetch one model into one cache."""
        body = payload(3 * harness.range_size + 100)
        ranged.put("model", body, mode="create")
        path = tmp_path / "model"

        def fetch(number: int) -> ObjectMeta:
            with harness.open(part_size=harness.range_size) as own:
                return own.download("model", path)

        outcomes = at_once(3, fetch)
        assert [type(outcome) for outcome in outcomes] == [ObjectMeta] * 3, outcomes
        assert path.read_bytes() == body
        assert [entry.name for entry in tmp_path.iterdir()] == ["model"]

    @pytest.mark.parametrize("calls", [1, 3])
    def test_download_of_a_moving_object(
        self, harness: Harness, ranged: Store, tmp_path: Path, calls: int
    ) -> None:
        """The object is overwritten while it is being downloaded: one version or an error."""
        old = payload(4 * harness.range_size, seed=1)
        new = payload(4 * harness.range_size, seed=2)
        harness.raw_put("model", old)
        seen = []

        def overwrite(done: int) -> None:
            seen.append(done)
            if len(seen) == calls:
                harness.raw_put("model", new)

        with harness.open(workers=1, part_size=harness.range_size) as single:
            try:
                single.download("model", tmp_path / "model", progress=overwrite)
            except PreconditionError:
                assert not (tmp_path / "model").exists()
            else:
                assert (tmp_path / "model").read_bytes() in (old, new)
        assert len(seen) >= calls

    def test_read_of_a_moving_object(self, harness: Harness, ranged: Store) -> None:
        """A read retried in the middle may not go on in another version."""
        old = payload(2 * harness.range_size, seed=1)
        new = payload(2 * harness.range_size, seed=2)
        harness.raw_put("model", old)
        faulty: list[FaultyDriver] = []

        def wrap(driver: object) -> FaultyDriver:
            faulty.append(FaultyDriver(ranged.driver, [Fault("get", "truncate")]))
            return faulty[0]

        with harness.open(wrap=wrap, part_size=harness.range_size) as broken:
            try:
                with broken.open("model") as read:
                    first = next(read.chunks)
                    harness.raw_put("model", new)
                    body = first + b"".join(read.chunks)
            except StoreError:
                pass
            else:
                assert body in (old, new)
        faulty[0].assert_exhausted()
