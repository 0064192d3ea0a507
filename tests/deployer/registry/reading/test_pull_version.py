"""Pull: byte for byte, whole or not at all, resumed, and from another cloud when one fails or lies."""

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from deployer.errors import DamagedError, DeployerError, MissingError, UsageError
from deployer.registry.cloud import Cloud
from deployer.registry.format import layout
from deployer.registry.format.names import parse_reference
from deployer.registry.reading.pull import Pulled, pull
from providers.errors import StoreError, UnavailableError
from providers.faulty import Fault, FaultKind, FaultyDriver
from providers.memory import MemoryDriver
from providers.model import ByteRange, Read, Version
from providers.store import Store, StoreOptions
from tests.deployer.registry.registry_kit import (
    BUCKET,
    DIALECTS,
    QUICK,
    memory_clouds,
    push,
    read_tree,
    sha256,
    strict_clouds,
)
from tests.fakes import Fault as StrictFault
from tests.fakes import StrictCloud
from tests.fakes.faults import flip_byte, status, truncate

MakeFolder = Callable[[Mapping[str, bytes]], Path]
FILES = {
    "model.onnx": bytes(range(256)) * 40,
    "report/index.html": b"<p>",
    "report/deep/er/x": b"x",
    "empty": b"",
    "same": b"twice",
    "also/same": b"twice",
    ".hidden": b"h",
    "名前.txt": b"n",
}


def fetch(clouds: list[Cloud], target: Path, reference: str = "penguins") -> Pulled:
    return pull(
        clouds, parse_reference(reference), target, progress=lambda _: None, begin=lambda _: None
    )


def wrapped(clouds: list[Cloud], name: str, *script: Fault) -> list[Cloud]:
    return [
        Cloud(c.name, Store(FaultyDriver(c.store.driver, script), QUICK)) if c.name == name else c
        for c in clouds
    ]


def leftovers(folder: Path) -> list[str]:
    """Return what is beside the target, except the folder in which a pull resumes."""
    return sorted(path.name for path in folder.iterdir() if not path.name.endswith(".pulling"))


@pytest.fixture
def there(make_folder: MakeFolder, state: Path) -> list[Cloud]:
    """Memory clouds with FILES as penguins:1, called champion."""
    clouds = memory_clouds()
    push(clouds, make_folder(FILES), state=state, aliases=("champion",))
    return clouds


@pytest.fixture
def out(tmp_path: Path) -> Path:
    (tmp_path / "pulled").mkdir()
    return tmp_path / "pulled" / "out"


def test_byte_for_byte(
    clouds: list[Cloud], make_folder: MakeFolder, state: Path, out: Path
) -> None:
    published = push(clouds, make_folder(FILES), state=state, aliases=("champion",))
    push(clouds, make_folder({"other": b""}), state=state)
    for number, reference in enumerate(
        ("penguins:1", "penguins@champion", f"penguins@sha256:{published.manifest}")
    ):
        target = out.with_name(f"out{number}")
        pulled = fetch(clouds, target, reference)
        assert read_tree(target) == FILES
        assert pulled.skipped == {}
        assert list(pulled.sources) == ["aws"]
    fetch(clouds, out)
    assert read_tree(out) == {"other": b""}
    assert len(list(out.parent.iterdir())) == 4  # nothing else


def test_nothing_in_it_is_shared_or_executable(there: list[Cloud], out: Path) -> None:
    """A file that is changed later changes nothing else: no links to a cache or to a twin."""
    fetch(there, out)
    for path in out.rglob("*"):
        if path.is_file():
            assert not path.is_symlink()
            assert path.stat().st_nlink == 1
            assert not path.stat().st_mode & 0o111
    (out / "same").write_bytes(b"changed")
    assert (out / "also/same").read_bytes() == b"twice"


@pytest.mark.parametrize(
    "files",
    [
        {"a": b"A", ".a.partial": b"B", ".a.partial.json": b"C"},
        {".copy": b"X", "a": b"Y", "b": b"Y", "sub/.copy": b"Z", "sub/c": b"Y"},
        {"n" * 255: b"long", "d" * 255 + "/f": b"deep"},
        {"files/blobs": b"1", "blobs/files": b"2", "blobs.pulling": b"3"},
        {sha256(b"x"): b"y", "x": b"x"},
        {"/".join("abcdefghijklmnop"): b"16 deep"},
        {f"f{number:03d}": b"%d" % (number % 7) for number in range(150)},
    ],
    ids=["partial", "copy", "long", "words", "digest", "deep", "many"],
)
@pytest.mark.parametrize("workers", [1, 4])
def test_names_that_a_pull_might_use_itself(
    make_folder: MakeFolder, state: Path, out: Path, files: dict[str, bytes], workers: int
) -> None:
    clouds = memory_clouds("aws", options=StoreOptions(attempts=2, workers=workers))
    push(clouds, make_folder(files), state=state)
    fetch(clouds, out)
    assert read_tree(out) == files


class TestTarget:
    @pytest.mark.parametrize("kind", ["file", "full", "link"])
    def test_one_that_exists_is_left_as_it_is(
        self, there: list[Cloud], out: Path, kind: str
    ) -> None:
        match kind:
            case "file":
                out.write_bytes(b"mine")
            case "full":
                (out / "sub").mkdir(parents=True)
            case "link":
                (out.parent / "elsewhere").mkdir()
                (out.parent / "elsewhere" / "x").touch()
                out.symlink_to("elsewhere")
        before = sorted(out.parent.rglob("*"))
        with pytest.raises(UsageError) as caught:
            fetch(there, out)
        assert caught.value.where == str(out)
        assert sorted(out.parent.rglob("*")) == before

    def test_an_empty_folder_is_taken(self, there: list[Cloud], out: Path) -> None:
        out.mkdir()
        fetch(there, out)
        assert read_tree(out) == FILES

    def test_parents_are_made(self, there: list[Cloud], out: Path) -> None:
        fetch(there, out / "a" / "b")
        assert read_tree(out / "a" / "b") == FILES

    def test_a_relative_one(
        self, there: list[Cloud], out: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(out.parent)
        fetch(there, Path("out"))
        fetch(there, Path("x/../out2/"))
        assert read_tree(out) == read_tree(out.with_name("out2")) == FILES

    def test_the_current_folder_is_refused(
        self, there: list[Cloud], out: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It cannot be replaced by another one, however empty."""
        out.mkdir()
        monkeypatch.chdir(out)
        for target in (Path(), out, Path("../out")):
            with pytest.raises(UsageError):
                fetch(there, target)
        assert list(out.iterdir()) == []

    @pytest.mark.skipif(not hasattr(os, "getuid"), reason="POSIX")
    def test_a_staging_folder_of_somebody_else_is_not_used(
        self, there: list[Cloud], out: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It could hold links that lead what we write elsewhere."""
        script = [Fault(op="get", kind="denied", key="blobs/*", count=99)]
        with pytest.raises(StoreError):
            fetch([wrapped([cloud], cloud.name, *script)[0] for cloud in there], out)
        (staging,) = out.parent.iterdir()
        monkeypatch.setattr(os, "getuid", lambda: staging.stat().st_uid + 1)
        with pytest.raises(UsageError, match="somebody else"):
            fetch(there, out)
        assert not out.exists()

    def test_a_link_in_place_of_the_staging_folder_is_not_followed(
        self, make_folder: MakeFolder, state: Path, out: Path, tmp_path: Path
    ) -> None:
        clouds = memory_clouds("aws")
        push(clouds, make_folder({"a": b"1"}), state=state)
        with pytest.raises(StoreError):
            fetch(wrapped(clouds, "aws", Fault("get", "denied", key="blobs/*", count=99)), out)
        (staging,) = out.parent.iterdir()
        shutil.rmtree(staging)
        elsewhere = tmp_path / "elsewhere"
        elsewhere.mkdir()
        staging.symlink_to(elsewhere)
        with pytest.raises(DeployerError):
            fetch(clouds, out)
        assert list(elsewhere.iterdir()) == []


class TestFailure:
    @pytest.mark.parametrize("kind", ["unavailable", "denied", "flip", "truncate"])
    def test_nothing_at_the_target_when_every_cloud_fails(
        self, there: list[Cloud], out: Path, kind: FaultKind
    ) -> None:
        key = layout.blob(sha256(FILES["model.onnx"]))
        clouds = there
        for name in DIALECTS:
            clouds = wrapped(clouds, name, Fault(op="get", kind=kind, key=key, count=99))
        with pytest.raises((StoreError, DeployerError)):
            fetch(clouds, out)
        assert leftovers(out.parent) == []
        fetch(there, out)  # and it works as soon as a cloud does
        assert read_tree(out) == FILES
        assert leftovers(out.parent) == ["out"]
        assert len(list(out.parent.iterdir())) == 1

    def test_what_was_fetched_is_not_fetched_again(
        self, make_folder: MakeFolder, state: Path, out: Path
    ) -> None:
        options = StoreOptions(attempts=2, part_size=1024, workers=1)
        driver = MemoryDriver("aws")
        big = bytes(range(256)) * 64  # 16 ranges
        push(
            [Cloud("aws", Store(driver, options))], make_folder({"a": b"s", "b": big}), state=state
        )
        key = layout.blob(sha256(big))
        faulty = FaultyDriver(driver, [Fault("get", "unavailable", key=key, nth=10, count=99)])
        with pytest.raises(StoreError):
            fetch([Cloud("aws", Store(faulty, options))], out)
        counted = Recording(driver)
        fetch([Cloud("aws", Store(counted, options))], out)
        assert read_tree(out) == {"a": b"s", "b": big}
        assert counted.gets.count(layout.blob(sha256(b"s"))) == 0
        assert counted.gets.count(key) == 7

    def test_resumed_from_another_version_of_the_same_name(
        self, there: list[Cloud], make_folder: MakeFolder, state: Path, out: Path
    ) -> None:
        key = layout.blob(sha256(FILES["model.onnx"]))
        broken = wrapped(there[:1], "aws", Fault(op="get", kind="unavailable", key=key, count=99))
        with pytest.raises(StoreError):
            fetch(broken, out)
        push(there, make_folder({"model.onnx": b"new"}), state=state)
        fetch(there, out)
        assert read_tree(out) == {"model.onnx": b"new"}


class Recording(FaultyDriver):
    """Remembers which keys were read."""

    def __init__(self, driver: MemoryDriver) -> None:
        super().__init__(driver)
        self.gets: list[str] = []

    @contextmanager
    def get(
        self, key: str, *, range: ByteRange | None = None, if_match: Version | None = None
    ) -> Iterator[Read]:
        """Read an object or a range of it."""
        self.gets.append(key)
        with super().get(key, range=range, if_match=if_match) as read:
            yield read


class TestFallback:
    @pytest.mark.parametrize("kind", ["unavailable", "denied", "throttled"])
    def test_a_cloud_that_is_down(self, there: list[Cloud], out: Path, kind: FaultKind) -> None:
        script = [Fault(op=op, kind=kind, count=999) for op in ("get", "head", "list")]
        pulled = fetch(wrapped(there, "aws", *script), out)
        assert read_tree(out) == FILES
        assert list(pulled.skipped) == ["aws"]
        assert list(pulled.sources) == ["gcp"]

    @pytest.mark.parametrize("kind", ["flip", "truncate", "unavailable"])
    @pytest.mark.parametrize(
        "key", ["*/latest.json", "*/versions/*", "manifests/*", "blobs/*"], ids=range(4)
    )
    def test_a_cloud_that_serves_wrong_bytes(
        self, there: list[Cloud], out: Path, kind: FaultKind, key: str
    ) -> None:
        script = [Fault(op="get", kind=kind, key=key, count=999)]
        clouds = wrapped(wrapped(there, "aws", *script), "gcp", *script)
        pulled = fetch(clouds, out)
        assert read_tree(out) == FILES
        assert set(pulled.skipped) == {"aws", "gcp"}
        assert set(pulled.sources) <= {"aws", "gcp", "azure"}
        assert pulled.sources["azure"] > 0

    @pytest.mark.parametrize("openly", [True, False])
    @pytest.mark.parametrize("body", [b"", b"short", b"flip", b"long"])
    def test_a_blob_that_somebody_replaced(
        self, there: list[Cloud], out: Path, body: bytes, openly: bool
    ) -> None:
        good = FILES["model.onnx"]
        bad = {b"flip": good[:-1] + b"\0", b"long": good + b"\0"}.get(body, body)
        key = layout.blob(sha256(good))
        if openly:  # its recorded digest is that of the new bytes
            there[0].store.put(key, bad, mode="overwrite")
        else:
            driver = there[0].store.driver
            assert isinstance(driver, MemoryDriver)
            driver.tamper(key, bad)
        pulled = fetch(there, out)
        assert read_tree(out) == FILES
        assert pulled.sources["gcp"] == 1
        assert key in pulled.skipped["aws"]

    def test_a_missing_blob(self, there: list[Cloud], out: Path) -> None:
        there[0].store.delete(layout.blob(sha256(b"x")))
        assert fetch(there, out).sources["gcp"] == 1
        assert read_tree(out) == FILES

    def test_a_cloud_without_the_model_is_passed_over(
        self, make_folder: MakeFolder, state: Path, out: Path
    ) -> None:
        empty = memory_clouds("aws")
        full = memory_clouds("gcp")
        push(full, make_folder(FILES), state=state)
        assert list(fetch([*empty, *full], out).skipped) == ["aws"]
        assert read_tree(out) == FILES

    def test_nobody_has_it(self, there: list[Cloud], out: Path) -> None:
        for reference in ("pinguins", "penguins:2", "penguins@prod", f"p@sha256:{'0' * 64}"):
            with pytest.raises(MissingError) as caught:
                fetch(there, out, reference)
            assert caught.value.hint
        assert list(out.parent.iterdir()) == []

    def test_all_down(self, there: list[Cloud], out: Path) -> None:
        for name in DIALECTS:
            there = wrapped(there, name, Fault(op="get", kind="unavailable", count=999))
        with pytest.raises(UnavailableError):
            fetch(there, out)
        assert list(out.parent.iterdir()) == []


class TestOverTheWire:
    @pytest.mark.parametrize("dialect", DIALECTS.values())
    @pytest.mark.parametrize("fault", ["flip", "truncate", "status", "rot"])
    def test_faults_of_one_cloud(
        self,
        strict: StrictCloud,
        make_folder: MakeFolder,
        state: Path,
        out: Path,
        dialect: str,
        fault: str,
    ) -> None:
        (name,) = [each for each, spoken in DIALECTS.items() if spoken == dialect]
        push(strict_clouds(), make_folder(FILES), state=state)
        key = layout.blob(sha256(FILES["model.onnx"]))
        if fault == "rot":
            strict.tamper(dialect, BUCKET, key, FILES["model.onnx"][::-1], bit_rot=True)
        else:
            action = {"flip": flip_byte(9), "truncate": truncate(9), "status": status(500)}[fault]
            read = {"s3": "GetObject", "gcs": "objects.*", "azure": "GetBlob"}[dialect]
            strict.script(StrictFault(action, dialect=dialect, operation=read, key=key, count=None))
        order = sorted(DIALECTS, key=lambda each: each != name)
        pulled = fetch(strict_clouds(*order), out)
        assert read_tree(out) == FILES
        assert list(pulled.skipped) == [name]

    def test_an_answer_cut_short_once_is_only_resumed(
        self, strict: StrictCloud, make_folder: MakeFolder, state: Path, out: Path
    ) -> None:
        push(strict_clouds(), make_folder(FILES), state=state)
        key = layout.blob(sha256(FILES["model.onnx"]))
        strict.script(StrictFault(truncate(500), dialect="s3", operation="GetObject", key=key))
        assert fetch(strict_clouds(), out).skipped == {}
        assert read_tree(out) == FILES


def test_damage_is_told_from_absence(there: list[Cloud], out: Path) -> None:
    driver = there[0].store.driver
    assert isinstance(driver, MemoryDriver)
    driver.tamper(layout.blob(sha256(b"x")), b"y!")
    with pytest.raises(DamagedError):
        fetch(there[:1], out)
