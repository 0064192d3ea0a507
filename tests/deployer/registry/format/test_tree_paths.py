"""Which folders can be published and which paths of a manifest can be written: hostile ones cannot."""

import os
import socket
import unicodedata
from collections.abc import Callable, Mapping
from pathlib import Path, PureWindowsPath
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deployer.errors import DamagedError, MissingError, UsageError
from deployer.registry.format.paths import check_paths, path_problem, scan
from tests.deployer.registry.hostile_paths import COLLIDING, HOSTILE, LITERAL

FINE = [
    *LITERAL,
    "a",
    "a/b",
    ".config/x",
    "a b",
    "é",
    "模型/权重.bin",
    "console",
    "com10x",
    "nullable.json",
    "a" * 200,
    "/".join("a" * 16),
    "model.onnx",
]


@pytest.mark.parametrize("path", HOSTILE, ids=ascii)
def test_hostile_paths_are_refused(path: str) -> None:
    assert path_problem(path)
    with pytest.raises(DamagedError) as caught:
        check_paths(["fine", path], where="gs://b/k")
    assert caught.value.where == "gs://b/k"
    str(caught.value).encode()  # the message can be printed


def test_the_table_is_long_enough() -> None:
    assert len(set(HOSTILE)) >= 200


@pytest.mark.parametrize("path", FINE, ids=ascii)
def test_ordinary_paths_are_taken(path: str) -> None:
    assert not path_problem(path)
    check_paths([path], where="")


@pytest.mark.parametrize("paths", COLLIDING, ids=ascii)
def test_paths_that_are_one_on_some_file_system(paths: tuple[str, ...]) -> None:
    for order in (paths, paths[::-1]):
        with pytest.raises(DamagedError):
            check_paths(order, where="")


def test_neighbours_do_not_collide() -> None:
    check_paths(["a/b", "a/c", "ab", "a.b", "b/a", "a-b/c"], where="")


def test_limits_are_exact() -> None:
    assert not path_problem(f"{'x' * 128}/{'y' * 128}/{'z' * 128}/{'w' * 125}")  # 512 bytes
    assert path_problem(f"{'x' * 128}/{'y' * 128}/{'z' * 128}/{'w' * 126}")  # 513 bytes
    check_paths([f"f{number}" for number in range(10_000)], where="")
    with pytest.raises(DamagedError, match="10000"):
        check_paths([f"f{number}" for number in range(10_001)], where="")


def test_ten_thousand_deep_paths_are_checked_quickly() -> None:
    """An attacker's manifest must not cost minutes: the work is linear."""
    paths = ["/".join([*"abcdefghijklmn", f"f{number}"]) for number in range(10_000)]
    check_paths(paths, where="")


@settings(deadline=None)
@given(st.text(max_size=40) | st.text("./\\ ab:~", max_size=12))
def test_whatever_is_taken_stays_below_the_target(path: str) -> None:
    if path_problem(path):
        return
    joined = os.path.normpath(os.path.join("/target", path))  # noqa: PTH118 - pathlib would not
    assert joined == f"/target/{path}"
    windows = PureWindowsPath(path)
    assert not windows.drive
    assert not windows.root
    assert not windows.is_reserved()
    assert ".." not in windows.parts
    path.encode()


@settings(deadline=None)
@given(st.lists(st.text("aAbBéÉ/e\u0301", min_size=1, max_size=5), min_size=2, max_size=4))
def test_whatever_is_taken_together_does_not_collide(paths: list[str]) -> None:
    try:
        check_paths(paths, where="")
    except DamagedError:
        return
    folded = [unicodedata.normalize("NFC", path).casefold() for path in paths]
    assert len(set(folded)) == len(paths)
    assert not any(a != b and b.startswith(f"{a}/") for a in folded for b in folded)


class TestScan:
    def test_every_file_in_order(self, make_folder: Callable[[Mapping[str, bytes]], Path]) -> None:
        root = make_folder(
            {"b": b"", "a/z": b"", "a/b/c": b"", ".hidden": b"", "Ä": b"", "a.b": b""}
        )
        assert [path for path, _ in scan(root)] == [".hidden", "a.b", "a/b/c", "a/z", "b", "Ä"]
        assert all(file.is_file() for _, file in scan(root))

    def test_no_such_folder(self, tmp_path: Path) -> None:
        with pytest.raises(MissingError) as caught:
            scan(tmp_path / "nothing")
        assert "nothing" in caught.value.where

    def test_a_file_is_no_folder(self, tmp_path: Path) -> None:
        (tmp_path / "model").write_bytes(b"x")
        with pytest.raises(UsageError, match="not a folder"):
            scan(tmp_path / "model")

    @pytest.mark.parametrize("below", [(), ("empty",), ("a", "a/b")])
    def test_empty(self, tmp_path: Path, below: tuple[str, ...]) -> None:
        for name in below:
            (tmp_path / name).mkdir()
        with pytest.raises(UsageError, match="empty"):
            scan(tmp_path)

    @pytest.mark.parametrize("depth", ["", "sub"])
    @pytest.mark.parametrize("kind", ["file", "folder", "dangling", "loop", "fifo", "socket"])
    def test_links_and_special_files(
        self, tmp_path: Path, kind: str, depth: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        root = tmp_path / "model"
        place = root / depth
        place.mkdir(parents=True)
        (root / "model.onnx").write_bytes(b"x")
        monkeypatch.chdir(place)  # a socket's path is short
        match kind:
            case "file":
                Path("x").symlink_to(root / "model.onnx")
            case "folder":
                Path("x").symlink_to(tmp_path)
            case "dangling":
                Path("x").symlink_to("nowhere")
            case "loop":
                Path("x").symlink_to("x")
            case "fifo":
                os.mkfifo("x")
            case "socket":
                with socket.socket(socket.AF_UNIX) as listener:
                    listener.bind("x")
        with pytest.raises(UsageError, match="link or a special file") as caught:
            scan(root)
        assert caught.value.where == str(place / "x")

    def test_a_link_to_the_folder_itself_is_fine(
        self, tmp_path: Path, make_folder: Callable[[Mapping[str, bytes]], Path]
    ) -> None:
        (tmp_path / "current").symlink_to(make_folder({"a": b"1"}))
        assert [path for path, _ in scan(tmp_path / "current")] == ["a"]

    @pytest.mark.parametrize(
        "name", [b"caf\xe9", b"\xff", b"a\nb", b"nul", b"a:b", b"a ", b"x\x7f"]
    )
    def test_names_that_cannot_be_published(self, tmp_path: Path, name: bytes) -> None:
        with open(os.path.join(os.fsencode(tmp_path), name), "wb") as file:  # noqa: PTH118, PTH123
            file.write(b"x")
        with pytest.raises(UsageError) as caught:
            scan(tmp_path)
        assert caught.value.hint
        str(caught.value).encode()

    def test_names_that_collide_elsewhere(self, tmp_path: Path) -> None:
        (tmp_path / "Model").write_bytes(b"1")
        (tmp_path / "model").write_bytes(b"2")
        with pytest.raises(UsageError, match="one on some file systems"):
            scan(tmp_path)

    def test_a_folder_that_cannot_be_listed_is_no_empty_one(
        self,
        make_folder: Callable[[Mapping[str, bytes]], Path],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """Leaving it out would publish half a model."""
        root = make_folder({"a": b"1", "private/weights": b"2"})
        real = os.scandir

        def denied(path: Any = ".") -> Any:
            if str(path).endswith("private"):
                raise PermissionError(13, "Permission denied", str(path))
            return real(path)

        monkeypatch.setattr(os, "scandir", denied)
        with pytest.raises(UsageError) as caught:
            scan(root)
        assert "private" in str(caught.value)
