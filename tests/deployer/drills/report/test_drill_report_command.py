"""``deployer drill report``."""

import json
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner, Result

from deployer.cli.drill_report import report
from deployer.drills.report.build import build
from deployer.drills.report.write import write_all
from deployer.errors import ExitCode
from deployer.signing import Signer, make_signer
from tests.deployer.drills.report.evidence_kit import Story, write


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    made = write(tmp_path / "drill", Story(rate=10, outage=1.0))
    write_all(made, build(made), signer=None)
    return made


def run(*arguments: str, code: int = 0) -> Result:
    result = CliRunner().invoke(report, [*arguments, "--no-color"], prog_name="report")
    assert result.exit_code == code, result.output
    return result


def test_shows_a_report(folder: Path) -> None:
    shown = run(str(folder)).stdout
    assert "Drill 1  bucket-gone  The primary's bucket is gone" in shown
    assert "Failed requests" in shown
    assert "✗ missed" in shown
    assert "✗ Failed: missed failed requests (10, at most 0)." in shown
    assert "not against production" in shown
    assert "Timeline" not in shown
    assert "Timeline" in run(str(folder), "-v").stdout


def test_prints_other_formats(folder: Path) -> None:
    document = json.loads(run(str(folder), "-o", "json").stdout)
    assert document == json.loads((folder / "report.json").read_text("utf-8"))
    assert run(str(folder), "-o", "markdown").stdout == (folder / "report.md").read_text("utf-8")
    assert ET.fromstring(run(str(folder), "-o", "junit").stdout).get("failures") == "1"


def test_writes_the_page(folder: Path, tmp_path: Path) -> None:
    target = tmp_path / "page.html"
    run(str(folder), "--html", str(target), "-q")
    assert target.read_bytes() == (folder / "report.html").read_bytes()


def test_checks_a_report(folder: Path) -> None:
    assert "everything is as the evidence says: 12 files; not signed" in run(
        str(folder), "--check"
    ).stderr.replace("\n", " ")
    (folder / "logs" / "router.log").write_text("changed", "utf-8")
    failed = run(str(folder), "--check", code=ExitCode.INTEGRITY)
    assert "logs/router.log: was changed after the drill" in failed.stderr
    assert failed.stdout == ""
    run(str(folder))


def test_checks_who_signed(folder: Path, tmp_path: Path) -> None:
    from deployer.config import Signing
    from deployer.signing.keys import new_key

    def signer(name: str) -> Signer:
        new_key(tmp_path / name, None)
        made = make_signer(Signing(mode="key", private_key=str(tmp_path / name)))
        assert made is not None
        return made

    ours, other = signer("ours.pem"), signer("other.pem")
    (tmp_path / "deployer.toml").write_text(
        '[signing]\nmode = "key"\npublic_keys = ["ours.pem.pub"]\n', "utf-8"
    )
    failed = run(str(folder), "--check", code=ExitCode.INTEGRITY)
    assert "the report is not signed, and [signing] says who should" in failed.stderr
    write_all(folder, build(folder), signer=ours)
    assert "signed by " in run(str(folder), "--check").stderr
    write_all(folder, build(folder), signer=other)
    failed = run(str(folder), "--check", code=ExitCode.INTEGRITY)
    assert "no key that is trusted made it" in failed.stderr


def test_a_folder_without_a_report(tmp_path: Path) -> None:
    failed = run(str(tmp_path), code=ExitCode.NOT_FOUND)
    assert "there is no report of a drill" in failed.stderr
    run(str(tmp_path / "nowhere"), code=ExitCode.USAGE)


def test_help_loads_nothing_slow() -> None:
    code = (
        "import sys; from deployer.cli.drill_report import report; "
        "slow = {'yaml', 'numpy', 'jinja2', 'rich', 'deployer.drills', 'cryptography'}; "
        "print(sorted(slow & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
