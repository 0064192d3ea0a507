"""The cache of contents: saves downloads, is never believed, never fails a pull, keeps its limit."""

import errno
import hashlib
import itertools
import multiprocessing
import os
import random
import shutil
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from deployer.registry.cloud import Cloud
from deployer.registry.format.names import parse_reference
from deployer.registry.reading.cache import BlobCache
from deployer.registry.reading.pull import Pulled, pull
from providers.faulty import FaultyDriver
from providers.memory import MemoryDriver
from providers.model import ByteRange, Read, Version
from providers.store import Store
from tests.deployer.registry.registry_kit import (
    QUICK,
    folder_of,
    local_clouds,
    push,
    read_tree,
    sha256,
)

MakeFolder = Callable[[Mapping[str, bytes]], Path]
FILES = {"model.onnx": bytes(range(256)) * 40, "sub/a": b"same", "b": b"same", "empty": b""}
CONTENTS = 3
PLENTY = 1 << 30


class Counting(FaultyDriver):
    """Counts the contents that are read."""

    def __init__(self, driver: MemoryDriver) -> None:
        super().__init__(driver)
        self.reads = 0

    @contextmanager
    def get(
        self, key: str, *, range: ByteRange | None = None, if_match: Version | None = None
    ) -> Iterator[Read]:
        """Read an object or a range of it."""
        self.reads += key.startswith("blobs/")
        with super().get(key, range=range, if_match=if_match) as read:
            yield read


@pytest.fixture
def driver() -> Counting:
    return Counting(MemoryDriver("aws"))


@pytest.fixture
def clouds(driver: Counting, make_folder: MakeFolder, state: Path) -> list[Cloud]:
    made = [Cloud("aws", Store(driver, QUICK))]
    push(made, make_folder(FILES), state=state)
    driver.reads = 0
    return made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "blobs"


def fetch(clouds: list[Cloud], target: Path, cache: BlobCache | None) -> Pulled:
    return pull(
        clouds,
        parse_reference("penguins"),
        target,
        progress=lambda _: None,
        begin=lambda _: None,
        cache=cache,
    )


def cached(folder: Path, body: bytes) -> Path:
    return folder / sha256(body)[:2] / sha256(body)


def inodes(folder: Path) -> set[int]:
    return {path.stat().st_ino for path in folder.rglob("*") if path.is_file()}


def test_the_second_pull_fetches_nothing(
    clouds: list[Cloud], driver: Counting, folder: Path, tmp_path: Path
) -> None:
    first = fetch(clouds, tmp_path / "one", BlobCache(folder, PLENTY))
    assert (first.sources, first.cached) == ({"aws": CONTENTS}, 0)
    reads = driver.reads
    second = fetch(clouds, tmp_path / "two", BlobCache(folder, PLENTY))
    assert (second.sources, second.cached) == ({}, CONTENTS)
    assert driver.reads == reads
    assert read_tree(tmp_path / "one") == read_tree(tmp_path / "two") == FILES
    assert set(read_tree(folder)) == {f"{sha256(b)[:2]}/{sha256(b)}" for b in FILES.values()}


def test_progress_reaches_its_end(clouds: list[Cloud], folder: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        counted: list[int] = []
        pull(
            clouds,
            parse_reference("penguins"),
            tmp_path / name,
            progress=counted.append,
            begin=lambda _: None,
            cache=BlobCache(folder, PLENTY),
        )
        assert sum(counted) == sum(len(body) for body in set(FILES.values()))


def test_no_two_targets_share_a_file(clouds: list[Cloud], folder: Path, tmp_path: Path) -> None:
    """Only the first target's files are the cache's: that costs no space."""
    targets = [tmp_path / f"out{number}" for number in range(3)]
    for target in targets:
        fetch(clouds, target, BlobCache(folder, PLENTY))
    shared = [inodes(target) for target in targets]
    assert not shared[0] & shared[1]
    assert not shared[0] & shared[2]
    assert not shared[1] & shared[2]
    assert len(inodes(folder) & shared[0]) == CONTENTS
    for target in targets:
        assert len(inodes(target)) == len(FILES)  # nor do two paths of one content
        assert not any(path.stat().st_mode & 0o111 for path in target.rglob("*") if path.is_file())


@pytest.mark.parametrize("kind", ["edited", "same-size", "cut", "empty", "folder", "link", "fifo"])
def test_damage_costs_a_download_and_nothing_else(
    clouds: list[Cloud], driver: Counting, folder: Path, tmp_path: Path, kind: str
) -> None:
    fetch(clouds, tmp_path / "one", BlobCache(folder, PLENTY))
    good = FILES["model.onnx"]
    path = cached(folder, good)
    if kind in ("folder", "link", "fifo"):
        path.unlink()
    match kind:
        case "edited":
            with (tmp_path / "one" / "model.onnx").open("ab") as file:
                file.write(b"mine")  # the user's right; the cached file is the same one
        case "same-size":
            path.write_bytes(good[::-1])
        case "cut":
            os.truncate(path, 100)
        case "empty":
            os.truncate(path, 0)
        case "folder":
            path.mkdir()
        case "link":
            (tmp_path / "elsewhere").write_bytes(good)
            path.symlink_to(tmp_path / "elsewhere")
        case "fifo":
            os.mkfifo(path)
    driver.reads = 0
    pulled = fetch(clouds, tmp_path / "two", BlobCache(folder, PLENTY))
    assert read_tree(tmp_path / "two") == FILES
    assert (pulled.sources, pulled.cached) == ({"aws": 1}, CONTENTS - 1)
    if kind not in ("folder", "link", "fifo"):
        assert path.read_bytes() == good
        assert fetch(clouds, tmp_path / "three", BlobCache(folder, PLENTY)).cached == CONTENTS
    if kind == "edited":
        assert (tmp_path / "one" / "model.onnx").read_bytes() == good + b"mine"


def test_a_use_does_not_change_the_first_targets_times(
    clouds: list[Cloud], folder: Path, tmp_path: Path
) -> None:
    """A program that watches the pulled folder must not take it for changed."""
    fetch(clouds, tmp_path / "one", BlobCache(folder, PLENTY))
    before = {p: p.stat().st_mtime_ns for p in (tmp_path / "one").rglob("*") if p.is_file()}
    fetch(clouds, tmp_path / "two", BlobCache(folder, PLENTY))
    assert {p: p.stat().st_mtime_ns for p in before} == before


@pytest.mark.parametrize("how", ["file", "no-link", "no-space", "no-clone", "read-only"])
def test_a_cache_that_cannot_be_used_fails_nothing(
    clouds: list[Cloud],
    folder: Path,
    tmp_path: Path,
    how: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(code: int) -> Callable[..., Any]:
        def refused(*_: object, **__: object) -> None:
            raise OSError(code, os.strerror(code))

        return refused

    expected = 0
    match how:
        case "file":
            folder.parent.mkdir()
            folder.write_bytes(b"")
        case "no-link":  # another file system: contents are copied into the cache
            monkeypatch.setattr("deployer.registry.reading.cache.os.link", refuse(errno.EXDEV))
            expected = CONTENTS
        case "no-space":
            monkeypatch.setattr("deployer.registry.reading.cache.os.link", refuse(errno.EXDEV))
            monkeypatch.setattr("deployer.registry.reading.cache._copy", refuse(errno.ENOSPC))
        case "no-clone":
            monkeypatch.setattr(
                "deployer.registry.reading.cache.os.copy_file_range",
                refuse(errno.ENOSYS),
                raising=False,
            )
            expected = CONTENTS
        case "read-only":
            monkeypatch.setattr("deployer.registry.reading.cache.os.link", refuse(errno.EROFS))
            monkeypatch.setattr("deployer.registry.reading.cache._place_copy", refuse(errno.EROFS))
            monkeypatch.setattr("deployer.registry.reading.cache.os.utime", refuse(errno.EROFS))
    for number in range(2):
        pulled = fetch(clouds, tmp_path / f"out{number}", BlobCache(folder, PLENTY))
        assert read_tree(tmp_path / f"out{number}") == FILES
    assert pulled.cached == expected
    assert not list(folder.parent.rglob(".*"))  # nothing half-copied is left


class TestLimit:
    def fill(self, cache: BlobCache, source: Path, sizes: list[int]) -> list[str]:
        names = []
        for number, size in enumerate(sizes):
            path = source / f"f{number}"
            path.write_bytes(random.Random(number).randbytes(size))
            names.append(hashlib.sha256(path.read_bytes()).hexdigest())
            cache.give(names[-1], path)
            at = time.time_ns() - (len(sizes) - number) * 10**9
            os.utime(cache._path(names[-1]), ns=(at, at))
        return names

    def test_the_least_recently_used_go(self, folder: Path, tmp_path: Path) -> None:
        cache = BlobCache(folder, 300)
        names = self.fill(cache, tmp_path, [100] * 5)
        assert cache.take(names[0], 100, tmp_path / "taken")
        cache.trim()
        assert {path.name for path in folder.glob("*/*")} == {names[0], names[3], names[4]}
        cache.trim()
        assert len(list(folder.glob("*/*"))) == 3

    def test_what_is_larger_than_all_of_it_is_not_kept(self, folder: Path, tmp_path: Path) -> None:
        cache = BlobCache(folder, 300)
        path = tmp_path / "big"
        path.write_bytes(b"x" * 301)
        cache.give(sha256(b"x" * 301), path)
        assert not folder.exists()

    def test_a_pull_keeps_it(self, clouds: list[Cloud], folder: Path, tmp_path: Path) -> None:
        limit = len(FILES["model.onnx"])  # the others are 4 bytes too many
        fetch(clouds, tmp_path / "out", BlobCache(folder, limit))
        assert read_tree(tmp_path / "out") == FILES
        assert 0 < sum(len(body) for body in read_tree(folder).values()) <= limit

    def test_copies_are_counted_before_the_end(
        self, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """On another file system a large version must not fill the disk first."""

        def refused(*_: object) -> None:
            raise OSError(errno.EXDEV, "")

        monkeypatch.setattr("deployer.registry.reading.cache.os.link", refused)
        cache = BlobCache(folder, 1000)
        self.fill(cache, tmp_path, [100] * 40)
        assert sum(path.stat().st_size for path in folder.glob("*/*")) <= 1000 + 1000 // 8 + 100

    def test_copies_that_a_crash_left_are_removed(self, folder: Path, tmp_path: Path) -> None:
        cache = BlobCache(folder, 300)
        self.fill(cache, tmp_path, [10])
        (place,) = folder.iterdir()
        old, young = place / ".old.123", place / ".young.123"
        for path in (old, young):
            path.write_bytes(b"x")
        os.utime(old, (0, 0))
        cache.trim()
        assert (old.exists(), young.exists()) == (False, True)


def _pull_often(root: Path, number: int, limit: int) -> None:
    clouds = local_clouds(root / "stores", "aws")
    rng = random.Random(number)
    for turn in range(6):
        target = root / f"out-{number}-{turn}"
        version = rng.randint(1, 3)
        pull(
            clouds,
            parse_reference(f"penguins:{version}"),
            target,
            progress=lambda _: None,
            begin=lambda _: None,
            cache=BlobCache(root / "cache", limit),
        )
        assert read_tree(target) == files_of(version)
        if rng.random() < 0.5:  # an edit of one target must reach no other
            for path in target.rglob("*"):
                path.write_bytes(b"edited")


def files_of(version: int) -> dict[str, bytes]:
    return {f"f{n}": random.Random(n * (n + version) % 7).randbytes(3000) for n in range(6)}


@pytest.mark.parametrize("limit", [PLENTY, 8000])
def test_many_processes_share_it(tmp_path: Path, limit: int) -> None:
    clouds = local_clouds(tmp_path / "stores", "aws")
    for version in (1, 2, 3):
        push(
            clouds,
            folder_of(tmp_path / f"model{version}", files_of(version)),
            state=tmp_path / "state",
        )
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=_pull_often, args=(tmp_path, n, limit)) for n in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
        assert worker.exitcode == 0
    cache = BlobCache(tmp_path / "cache", limit)
    cache.trim()
    assert sum(p.stat().st_size for p in (tmp_path / "cache").glob("*/*")) <= limit


STEPS: tuple[tuple[Any, str], ...] = (
    (os, "link"),
    (os, "copy_file_range"),
    (os, "utime"),
    (os, "fsync"),
    (Path, "replace"),
    (Path, "rename"),
    (Path, "unlink"),
    (Path, "mkdir"),
)


def _pull_and_die(root: Path, nth: int) -> None:
    """Pull, but end as by `kill -9` before the nth step that changes the disk."""
    steps = itertools.count(1)

    def deadly(real: Callable[..., Any]) -> Callable[..., Any]:
        def step(*arguments: Any, **more: Any) -> Any:
            if next(steps) == nth:
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*arguments, **more)

        return step

    for owner, name in STEPS:
        if hasattr(owner, name):
            setattr(owner, name, deadly(getattr(owner, name)))
    fetch(local_clouds(root / "stores", "aws"), root / "out", BlobCache(root / "cache", PLENTY))


@pytest.mark.parametrize("warm", [False, True])
def test_kill_9_at_any_step_then_again(tmp_path: Path, warm: bool) -> None:
    clouds = local_clouds(tmp_path / "stores", "aws")
    push(clouds, folder_of(tmp_path / "model", FILES), state=tmp_path / "state")
    if warm:
        fetch(clouds, tmp_path / "before", BlobCache(tmp_path / "cache", PLENTY))
        shutil.copytree(tmp_path / "cache", tmp_path / "kept", copy_function=shutil.copy2)
    codes = []
    context = multiprocessing.get_context("fork")
    for nth in range(1, 60):
        for name in ("out", "cache"):
            shutil.rmtree(tmp_path / name, ignore_errors=True)
        if warm:
            shutil.copytree(tmp_path / "kept", tmp_path / "cache")
        process = context.Process(target=_pull_and_die, args=(tmp_path, nth))
        process.start()
        process.join(60)
        codes.append(process.exitcode)
        if (tmp_path / "out").exists():
            assert read_tree(tmp_path / "out") == FILES
        else:
            fetch(clouds, tmp_path / "out", BlobCache(tmp_path / "cache", PLENTY))
        assert read_tree(tmp_path / "out") == FILES
        for path in (tmp_path / "cache").glob("*/[0-9a-f]*"):
            assert hashlib.sha256(path.read_bytes()).hexdigest() == path.name
    assert set(codes) == {0, -signal.SIGKILL}, "every step was tried, or there are more"
