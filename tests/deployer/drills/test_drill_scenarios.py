"""Every drill that comes with deployer does what it says: all pass, and their reports are true."""

import contextlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from deployer.drills.report.check import check
from deployer.drills.report.files import REPORT, SUMS
from deployer.drills.scenario.load import builtin
from tests.deployer.drills.drill_kit import Drilled, drill, left_behind

jsonschema = pytest.importorskip("jsonschema")

SIGNED = "credentials-expire"
"""Played with a key to sign with: it is short, and needs no endpoints."""

# Without endpoints nobody counts requests that a busy machine may lose.
NAMES = [
    pytest.param(each.name, marks=[pytest.mark.alone] if each.estate.endpoints else [])
    for each in builtin()
    if each.name != SIGNED
]


def passes(name: str, folder: Path) -> Drilled:
    """Play a drill that must pass, and leave a report that is true."""
    done = drill(name, folder=folder)
    assert done.code == 0, f"{done.stderr[-3000:]}\n{done.stdout[-3000:]}"
    report = done.report
    jsonschema.validate(report, json.loads((done.folder / "report.schema.json").read_text("utf-8")))
    assert check(done.folder) == []
    assert report["passed"]
    assert report["figures"]["rpo"] == 0
    assert report["figures"]["checks_passed"] > 0
    assert "deployer.toml" in report["run"]["configuration"]
    assert left_behind(folder) == []
    return done


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_drill_passes(name: str, tmp_path: Path) -> None:
    assert passes(name, tmp_path).report["signature"] == ""


@pytest.mark.slow
def test_a_drill_signs_its_report_and_every_change_of_it_is_told(tmp_path: Path) -> None:
    assert deployer("key", "new", "release.pem", folder=tmp_path).returncode == 0
    settings = tmp_path / "deployer.toml"
    settings.write_text('[signing]\nmode = "key"\nprivate_key = "release.pem"\n', "utf-8")
    folder = passes(SIGNED, tmp_path).folder
    # The auditor has the public half alone.
    (tmp_path / "release.pem").unlink()
    settings.write_text('[signing]\nmode = "key"\npublic_keys = ["release.pem.pub"]\n', "utf-8")
    code, said = checked(folder)
    assert code == 0, said
    assert "signed by" in said

    printed = next(each for each in sorted(folder.glob("commands/*")) if each.stat().st_size)
    report = folder / REPORT
    number = f'"checks_passed": {json.loads(report.read_bytes())["figures"]["checks_passed"]}'

    def flip(body: bytes) -> bytes:
        return bytes([body[0] ^ 1]) + body[1:]

    def exaggerate(body: bytes) -> bytes:
        assert number.encode() in body
        return body.replace(number.encode(), number.encode() + b"0")

    with changed(printed, flip):
        code, said = checked(folder)
        assert code == 11, said
        assert f"commands/{printed.name}: was changed after the drill" in said
    with changed(report, exaggerate):
        code, said = checked(folder)
        assert code == 11, said
        assert "report.json: was changed after the drill" in said
        assert "report.json: figures.checks_passed is" in said
        with changed(folder / SUMS, lambda body: relisted(body, report)):
            code, said = checked(folder)
            assert code == 11, said
            assert "report.json: figures.checks_passed is" in said
            assert "is not the one that was signed" in said
    assert checked(folder)[0] == 0


def deployer(*arguments: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    clean = {name: value for name, value in os.environ.items() if not name.startswith("DEPLOYER_")}
    return subprocess.run(
        [sys.executable, "-m", "deployer", *arguments],
        cwd=folder,
        env={**clean, "COLUMNS": "1000", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def checked(folder: Path) -> tuple[int, str]:
    """Check a report as an auditor does, from the folder above it."""
    done = deployer("drill", "report", str(folder), "--check", folder=folder.parent)
    return done.returncode, done.stderr


@contextlib.contextmanager
def changed(path: Path, change: Callable[[bytes], bytes]) -> Iterator[None]:
    before = path.read_bytes()
    path.write_bytes(change(before))
    yield
    path.write_bytes(before)


def relisted(sums: bytes, path: Path) -> bytes:
    """Do what somebody does who forges a report: make the list of digests right again."""
    digest = sha256(path.read_bytes()).hexdigest()
    return re.sub(
        rf"^[0-9a-f]+  {path.name}$", f"{digest}  {path.name}", sums.decode(), flags=re.MULTILINE
    ).encode()
