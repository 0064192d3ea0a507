"""The page of a small evaluation, byte for byte; `small_report` says how to write it anew."""

import subprocess
import sys

import pytest

from tests.deployer.reports.small_report import GOLDEN, golden_files


@pytest.mark.parametrize("name", ["small.html", "small.md"])
def test_the_page_is_the_golden_one(name: str) -> None:
    assert golden_files()[name] == (GOLDEN / name).read_bytes().decode("utf-8")


def test_the_bytes_do_not_depend_on_the_process() -> None:
    code = (
        "import hashlib; from tests.deployer.reports.small_report import golden_files as g; "
        "print([hashlib.sha256(t.encode()).hexdigest() for t in g().values()])"
    )
    root = GOLDEN.parents[2]
    said = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed, "PATH": ""},
            cwd=root,
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(said) == 1
