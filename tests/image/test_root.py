"""The root of the image has what its programs load, and a program that would not start ends the build."""

import shutil
import sys
from importlib import import_module
from pathlib import Path

import pytest

from image import root

needs_ldd = pytest.mark.skipif(not shutil.which("ldd"), reason="needs ldd")


@needs_ldd
def test_the_libraries_are_those_that_the_process_has() -> None:
    module = import_module("numpy._core._multiarray_umath")
    found = root.libraries_of([Path(sys.executable), Path(str(module.__file__))])
    names = {each.name for each in found}
    assert any(name.startswith("libc.so") for name in names)
    assert any(name.startswith("ld-") for name in names)  # what starts every program
    assert any("openblas" in name for name in names)  # found by the module's own path
    assert all(each.is_file() for each in found)


@needs_ldd
def test_a_library_that_would_not_be_found_ends_the_build(tmp_path: Path) -> None:
    module = import_module("numpy._core._multiarray_umath")
    moved = tmp_path / "alone.so"  # away from the libraries that it looks for beside itself
    shutil.copy(str(module.__file__), moved)
    with pytest.raises(LookupError, match="not found"):
        root.libraries_of([moved])


def test_links_are_followed_one_by_one(tmp_path: Path) -> None:
    file, link, first = tmp_path / "python3.11", tmp_path / "python3", tmp_path / "python"
    file.touch()
    link.symlink_to("python3.11")
    first.symlink_to(link)
    assert list(root._links(first)) == [first, link, file]
