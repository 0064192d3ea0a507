"""A report that is not what its evidence says is found out, whatever was changed."""

import json
import subprocess
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from deployer.config import Signing
from deployer.drills.report.build import build
from deployer.drills.report.check import check, read_report, signature_words
from deployer.drills.report.files import MADE, SIGNATURE, SUMS
from deployer.drills.report.write import write_all
from deployer.errors import DamagedError, MissingError
from deployer.signing import Signer, Verifier, make_signer, make_verifier
from deployer.signing.bundle import read_bundle
from deployer.signing.keys import new_key
from tests.deployer.drills.report.evidence_kit import Story, write

Change = Callable[[Path], object]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = write(tmp_path / "drill", Story(rate=10))
    write_all(made, build(made), signer=None)
    return made


def key(folder: Path, name: str) -> tuple[Signer, Verifier]:
    path = folder / name
    new_key(path, None)
    signer = make_signer(Signing(mode="key", private_key=str(path)))
    verifier = make_verifier(Signing(mode="key", public_keys=[f"{path}.pub"]))
    assert signer is not None
    assert verifier is not None
    return signer, verifier


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> tuple[Signer, Verifier]:
    return key(tmp_path_factory.mktemp("keys"), "key.pem")


def edit(path: str, old: str, new: str) -> Change:
    def change(folder: Path) -> None:
        text = (folder / path).read_text("utf-8")
        assert old in text
        (folder / path).write_text(text.replace(old, new, 1), "utf-8")

    return change


def relist(folder: Path) -> None:
    """Do what somebody does who forges a report: make the list of digests right again."""
    lines = []
    for line in (folder / SUMS).read_text("utf-8").splitlines():
        name = line[66:]
        lines.append(f"{sha256((folder / name).read_bytes()).hexdigest()}  {name}\n")
    (folder / SUMS).write_text("".join(lines), "utf-8")


def then_relist(change: Change) -> Change:
    def both(folder: Path) -> None:
        change(folder)
        relist(folder)

    return both


def anew(change: Change) -> Change:
    def both(folder: Path) -> None:
        change(folder)
        write_all(folder, build(folder), signer=None)

    return both


def test_a_report_that_nobody_touched_is_right(folder: Path) -> None:
    assert check(folder) == []
    assert signature_words(folder, read_report(folder), None) == "not signed"


def test_the_list_is_one_that_sha256sum_reads(folder: Path) -> None:
    done = subprocess.run(
        ["sha256sum", "--check", "--strict", SUMS],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    listed = {line[66:] for line in (folder / SUMS).read_text().splitlines()}
    there = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    assert listed == there - {SUMS}


CHANGES: dict[str, tuple[Change, str]] = {
    "a request is made a failure": (
        edit("requests.jsonl", "200", "503"),
        "requests.jsonl: was changed after the drill",
    ),
    "and the list, too": (
        then_relist(edit("requests.jsonl", "200", "503")),
        "report.json: passed is 'true', the evidence says 'false'",
    ),
    "a figure": (
        then_relist(edit("report.json", '"rto": 0.0', '"rto": 0.1')),
        "report.json: figures.rto is",
    ),
    "the operator": (
        then_relist(edit("report.json", '"operator": "ada"', '"operator": "eve"')),
        "report.json: run.operator is 'eve', the evidence says 'ada'",
    ),
    "the sentence about emulators": (
        then_relist(edit("report.json", "not against production", "against production")),
        "report.json: disclaimer is",
    ),
    "the page": (
        then_relist(edit("report.html", "Passed. Service", "Passed. All service")),
        "report.html: is not what the report says",
    ),
    "the Markdown": (
        then_relist(edit("report.md", "✅ passed", "✅ passed well")),
        "report.md: is not what the report says",
    ),
    "the tests": (
        then_relist(edit("junit.xml", "testcase", "testcase ")),
        "junit.xml: is not what the report says",
    ),
    "a log": (
        edit("logs/router.log", "ready", "steady"),
        "logs/router.log: was changed after the drill",
    ),
    "a log and the list": (
        then_relist(edit("logs/router.log", "ready", "steady")),
        "report.json: logs/router.log is not the file that the report was made of",
    ),
    "the configuration": (
        edit("configuration/deployer.toml", "port = 0", "port = 1"),
        "configuration/deployer.toml: is not the configuration that was tested",
    ),
    "the configuration, and a report made anew of it": (
        anew(edit("configuration/router/envoy/bootstrap.json", "{}", "{ }")),
        "configuration/router/envoy/bootstrap.json: is not the configuration that was tested",
    ),
    "the configuration is gone, and a report made anew": (
        anew(lambda folder: (folder / "configuration/deployer.toml").unlink()),
        "configuration/deployer.toml: is missing",
    ),
    "a log is gone": (
        lambda folder: (folder / "logs/router.log").unlink(),
        "logs/router.log: is missing",
    ),
    "a file more": (
        lambda folder: (folder / "logs/more.log").write_text("x"),
        "logs/more.log: is not listed in evidence.sha256",
    ),
    "a link": (
        lambda folder: (folder / "logs/link").symlink_to("router.log"),
        "is no file of its own",
    ),
    "a report is gone": (
        lambda folder: (folder / "report.md").unlink(),
        "report.md: is missing",
    ),
    "the list is gone": (lambda folder: (folder / SUMS).unlink(), "evidence.sha256: is missing"),
    "the list is none": (edit(SUMS, "  ", " "), "is no list of digests"),
    "an event is half there": (
        then_relist(edit("events.jsonl", '"kind"', '"kin')),
        "the evidence cannot be read",
    ),
    "a signature from nowhere": (
        lambda folder: (folder / SIGNATURE).write_text("{}"),
        "report.sig: is there, though the report says it is not signed",
    ),
}


@pytest.mark.parametrize(("change", "expected"), CHANGES.values(), ids=CHANGES)
def test_a_change_is_named(folder: Path, change: Change, expected: str) -> None:
    change(folder)
    found = check(folder)
    assert any(expected in each for each in found), found


def test_a_change_is_named_once(folder: Path) -> None:
    edit("logs/router.log", "ready", "steady")(folder)
    assert [each for each in check(folder) if each.startswith(("logs", "report.json"))] == [
        "logs/router.log: was changed after the drill"
    ]


def test_a_report_of_another_deployer_is_not_rendered_again(folder: Path) -> None:
    """Its page looks different in another version; its numbers do not."""
    edit("events.jsonl", '"deployer":"', '"deployer":"0.0.9+')(folder)
    write_all(folder, build(folder), signer=None)
    edit("report.md", "passed", "passed ")(folder)
    relist(folder)
    assert check(folder) == []
    edit("report.json", '"operator": "ada"', '"operator": "eve"')(folder)
    assert check(folder) != []


def test_a_report_that_was_cut_off_is_written_anew(folder: Path) -> None:
    (folder / ".report.html.new").write_text("<!DOCTYPE", "utf-8")
    write_all(folder, build(folder), signer=None)
    assert check(folder) == []


def test_a_folder_without_a_report(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="there is no report"):
        check(tmp_path)


def test_a_signed_report(folder: Path, keys: tuple[Signer, Verifier]) -> None:
    signer, verifier = keys
    report = write_all(folder, build(folder), signer=signer)
    assert report.signature == SIGNATURE
    assert read_report(folder) == report
    assert SIGNATURE in (folder / "report.html").read_text("utf-8")
    assert check(folder) == []
    assert check(folder, verifier) == []
    bundle = read_bundle((folder / SIGNATURE).read_bytes(), where="here")
    digest = sha256((folder / "report.json").read_bytes()).hexdigest()
    assert bundle.statement("here").subject[0].name == f"drill/bucket-gone@sha256:{digest}"
    assert signature_words(folder, report, verifier).startswith("signed by ")
    assert "not checked" in signature_words(folder, report, None)


def test_a_signature_covers_every_file(folder: Path, keys: tuple[Signer, Verifier]) -> None:
    signer, verifier = keys
    report = write_all(folder, build(folder), signer=signer)
    every = [each.path for each in report.evidence] + [*MADE, SUMS]
    there = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    assert set(every) == there - {SIGNATURE}
    for name in ("report.html", "junit.xml", SUMS):
        body = (folder / name).read_bytes()
        (folder / name).write_bytes(body + b"\n")
        with pytest.raises(DamagedError, match="is not the one that was signed"):
            signature_words(folder, report, verifier)
        (folder / name).write_bytes(body)


def test_who_forges_a_signed_report_needs_the_key(
    folder: Path, tmp_path: Path, keys: tuple[Signer, Verifier]
) -> None:
    signer, verifier = keys
    write_all(folder, build(folder), signer=signer)
    then_relist(edit("requests.jsonl", "200", "503"))(folder)
    assert any("is not the one that was signed" in each for each in check(folder))

    # Whoever makes all of it anew is found out by the key.
    other, _ = key(tmp_path, "other.pem")
    write_all(folder, build(folder), signer=other)
    assert check(folder) == []
    assert any("no key that is trusted made it" in each for each in check(folder, verifier))

    write_all(folder, build(folder), signer=None)
    assert not (folder / SIGNATURE).exists()
    assert check(folder) == []
    assert check(folder, verifier) == ["the report is not signed, and [signing] says who should"]


def test_a_signature_of_another_drill_is_refused(
    folder: Path, tmp_path: Path, keys: tuple[Signer, Verifier]
) -> None:
    signer, verifier = keys
    write_all(folder, build(folder), signer=signer)
    other = write(tmp_path / "other", Story(rate=10, operator="eve"))
    write_all(other, build(other), signer=signer)
    (folder / SIGNATURE).write_bytes((other / SIGNATURE).read_bytes())
    assert check(folder, verifier) != []
    (folder / SIGNATURE).unlink()
    assert check(folder, verifier) == [f"{SIGNATURE}: is missing"]


def test_other_programs_can_verify_the_signature(folder: Path, tmp_path: Path) -> None:
    """The signature is one of OpenSSF Model Signing, over the folder as it is."""
    signer, _ = key(tmp_path, "key.pem")
    write_all(folder, build(folder), signer=signer)
    command = [
        sys.executable, "-m", "model_signing", "verify", "key", str(folder),
        "--signature", str(folder / SIGNATURE), "--public_key", str(tmp_path / "key.pem.pub"),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (folder / "logs" / "router.log").write_text("something else", "utf-8")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode != 0


def test_what_is_written_is_whole(folder: Path) -> None:
    assert [p.name for p in folder.iterdir() if p.name.startswith(".")] == []
    document = json.loads((folder / "report.json").read_text("utf-8"))
    assert document["signature"] == ""
    assert "This report is not signed" in (folder / "report.html").read_text("utf-8")
