"""Writing a package: all or nothing, and nothing of the user's is ever replaced."""

import os
from pathlib import Path

import pytest

from deployer.errors import FailedError, UsageError
from deployer.packaging.layout import PACKAGE_FILES
from deployer.packaging.package import check_destination, is_package, write_package


@pytest.fixture
def files(trained: Path) -> dict[str, bytes]:
    return {name: (trained / name).read_bytes() for name in PACKAGE_FILES}


def contents(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir()}


def test_files_arrive_whole_and_alone(tmp_path: Path, files: dict[str, bytes]) -> None:
    out = tmp_path / "deep" / "er" / "model"
    write_package(out, files)
    assert contents(out) == files
    assert is_package(out)
    assert [path.name for path in out.parent.iterdir()] == ["model"]


def test_force_replaces_a_package_only(tmp_path: Path, files: dict[str, bytes]) -> None:
    out = tmp_path / "model"
    write_package(out, files)
    changed = {**files, "golden.json": b"new"}
    with pytest.raises(UsageError, match="holds a model already") as caught:
        write_package(out, changed)
    assert "--force" in caught.value.hint
    assert contents(out) == files
    write_package(out, changed, force=True)
    assert contents(out) == changed
    assert list(tmp_path.iterdir()) == [out]


def test_what_is_no_package_is_never_replaced(
    tmp_path: Path, files: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    file, empty, strange, mixed = (
        tmp_path / name for name in ("file", "empty", "strange", "mixed")
    )
    file.touch()
    empty.mkdir()
    strange.mkdir()
    (strange / "model.json").write_text('{"name": "something else"}')
    write_package(mixed, files)
    (mixed / "notes.txt").write_text("mine")
    for out, message in [
        (file, "not a directory"),
        (file / "model", "is not a directory"),
        (empty, "not a model package"),
        (strange, "not a model package"),
        (mixed, "notes.txt"),
    ]:
        with pytest.raises(UsageError, match=message):
            check_destination(out, force=True)
    monkeypatch.chdir(tmp_path / "mixed")
    with pytest.raises(UsageError, match="current directory"):
        check_destination(Path(), force=True)


@pytest.mark.parametrize("failure", [OSError(28, "No space left on device"), KeyboardInterrupt()])
@pytest.mark.parametrize("at", [1, 4])
@pytest.mark.parametrize("existing", [True, False])
def test_a_failure_in_the_middle_leaves_what_was_there(
    tmp_path: Path,
    files: dict[str, bytes],
    monkeypatch: pytest.MonkeyPatch,
    failure: BaseException,
    at: int,
    existing: bool,
) -> None:
    out = tmp_path / "model"
    if existing:
        write_package(out, files)
    calls = 0

    def fsync(descriptor: int) -> None:
        nonlocal calls
        calls += 1
        if calls == at:
            raise failure

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises((FailedError, KeyboardInterrupt)):
        write_package(out, {**files, "golden.json": b"new"}, force=True)
    assert list(tmp_path.iterdir()) == ([out] if existing else [])
    if existing:
        assert contents(out) == files


def test_a_failed_swap_puts_the_old_package_back(
    tmp_path: Path, files: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "model"
    write_package(out, files)
    rename = Path.rename

    def failing(self: Path, target: Path) -> Path:
        if self.name.endswith(".partial"):
            raise OSError(5, "Input/output error")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises(FailedError, match="Input/output error"):
        write_package(out, files, force=True)
    assert contents(out) == files
    assert list(tmp_path.iterdir()) == [out]


def test_a_link_to_a_package_keeps_pointing_at_it(tmp_path: Path, files: dict[str, bytes]) -> None:
    write_package(tmp_path / "real", files)
    link = tmp_path / "link"
    link.symlink_to("real")
    write_package(link, {**files, "golden.json": b"new"}, force=True)
    assert link.is_symlink()
    assert (tmp_path / "real" / "golden.json").read_bytes() == b"new"
