"""``make pulumi`` tells in one line what it needs, and finds what it got before."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

BUILD = Path(__file__).parents[3] / "tools/pulumi/build.sh"
TOOLS = (
    *("awk", "bash", "cat", "cut", "dirname", "env", "head", "install", "mkdir", "mv"),
    *("realpath", "rm", "sha256sum", "sort", "timeout"),
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A PATH on which there is neither Go nor pulumi."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in TOOLS:
        found = shutil.which(name)
        if found is None:
            pytest.skip(f"{name} is not here")
        (folder / name).symlink_to(found)
    return folder


def build(path: Path, out: Path, **more: str) -> "subprocess.CompletedProcess[str]":
    environment = {"PATH": str(path), "PYTHON": "/nowhere", "HOME": os.environ["HOME"], **more}
    return subprocess.run(
        [str(BUILD), str(out)], env=environment, capture_output=True, text=True, check=False
    )


def pretend(folder: Path, version: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("pulumi", "pulumi-language-python"):
        (folder / name).write_text(f"#!/usr/bin/env bash\necho {version}\n")
        (folder / name).chmod(0o755)


def test_without_go_it_says_so_in_one_line(path: Path, tmp_path: Path) -> None:
    done = build(path, tmp_path / "out")
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert "https://go.dev/dl" in line
    assert not (tmp_path / "out" / "stamp").exists()


def test_what_is_on_path_is_taken_unless_it_is_too_old(path: Path, tmp_path: Path) -> None:
    pretend(path, "v3.300.1")
    done = build(path, tmp_path / "out")
    assert (done.returncode, "v3.300.1" in done.stdout) == (0, True)
    for unfit in ("v3.1.0", "v4.0.0"):
        pretend(path, unfit)
        assert build(path, tmp_path / "out", PULUMI_FROM="path").returncode == 1


def test_what_it_got_is_found_by_its_stamp(path: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    pretend(out / "bin", "v3.259.0")
    (out / "stamp").write_text("v3.259.0 of other sources\n")
    assert build(path, out).returncode == 1, "other sources: it must be built again"
    script = BUILD.read_text().partition("works() {")[0]
    told = subprocess.run(
        ["bash", "-c", f'{script}\necho "$stamp"', str(BUILD), str(out)],
        capture_output=True,
        text=True,
        check=True,
        cwd=BUILD.parent,
    )
    (out / "stamp").write_text(told.stdout)
    assert build(path, out).returncode == 0
