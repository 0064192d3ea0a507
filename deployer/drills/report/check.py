"""Whether a report is what its evidence says: everything is computed again and compared."""

from collections.abc import Iterator
from importlib.metadata import version
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from deployer.drills.evidence.records import CONFIGURATION
from deployer.drills.report.build import build
from deployer.drills.report.document import to_report
from deployer.drills.report.files import MADE, REPORT, SIGNATURE, SUMS, hashed, read_sums
from deployer.drills.report.happened import value_words
from deployer.drills.report.model import Report
from deployer.drills.report.write import rendered, signed_files, subject
from deployer.errors import DeployerError, MissingError

if TYPE_CHECKING:
    from deployer.signing.model import Verifier

__all__ = ["check", "read_report", "signature_words"]

_MOST = 20
_NOTHING = object()


def read_report(folder: Path) -> Report:
    """Return the report that was written into a folder.

    Raises:
        MissingError: there is none.
        UsageError: it is none.

    """
    path = folder / REPORT
    if not path.is_file():
        raise MissingError(
            "there is no report of a drill",
            where=str(folder),
            hint="name a folder that deployer drill run has made",
        )
    return to_report(path.read_bytes(), str(path))


def check(folder: Path, verifier: "Verifier | None" = None) -> list[str]:
    """Return what is not as the evidence says, a line each; empty if all is.

    Looked at are: the digest of every file, files too many or too few, whether the configuration
    beside the evidence is the one that was tested, every field of the report,
    the other formats (if this deployer is the one that wrote them), and the signature.

    Args:
        folder: of the evidence and its report.
        verifier: says who signed; None: only what a signature covers is looked at.

    Raises:
        MissingError: there is no report.

    """
    told = read_report(folder)
    found = [*_digests(folder)]
    try:
        report = build(folder)
    except DeployerError as error:
        return [*found, f"the evidence cannot be read: {error}"]
    report = msgspec.structs.replace(report, signature=told.signature)
    found += [each for each in _configuration(report) if each not in found]
    found += _differences(told, report, named=" ".join(found))
    if told.run.versions.get("deployer") == version("deployer"):
        found += [
            f"{name}: is not what the report says"
            for name, text in rendered(report).items()
            if name != REPORT and _text(folder / name) not in (text, None)
        ]
    return found + _signature(folder, report, verifier)


def signature_words(folder: Path, report: Report, verifier: "Verifier | None") -> str:
    """Return who signed, in words.

    Raises:
        DamagedError: the signature is not good, or nobody who is trusted made it.

    """
    if not report.signature:
        return "not signed"
    if verifier is None:
        return "signed, not checked by whom: no [signing] public_keys"
    path = folder / SIGNATURE
    signed = verifier.verify(
        path.read_bytes(),
        subject=subject(folder, report),
        files=signed_files(folder, report),
        where=str(path),
    )
    return f"signed by {signed.signer}"


def _digests(folder: Path) -> list[str]:
    path = folder / SUMS
    if not path.is_file():
        return [f"{SUMS}: is missing"]
    try:
        listed = read_sums(path.read_text("utf-8", "replace"), str(path))
    except DeployerError as error:
        return [str(error)]
    there = {
        each.relative_to(folder).as_posix()
        for each in folder.rglob("*")
        if each.is_file() or each.is_symlink()
    } - {SUMS, SIGNATURE}
    found = [f"{name}: is not listed in {SUMS}" for name in sorted(there - listed.keys())]
    for name, digest in listed.items():
        if name not in there:
            found.append(f"{name}: is missing")
        elif hashed(folder, name).sha256 != digest:
            found.append(f"{name}: was changed after the drill")
    found += [f"{name}: is not listed in {SUMS}" for name in MADE if name not in {*listed, *there}]
    return found


def _configuration(report: Report) -> list[str]:
    """Return which files of the configuration are not those that the drill noted when it began."""
    there = {each.path: each.sha256 for each in report.evidence}
    found = []
    for name, digest in report.run.configuration.items():
        path = f"{CONFIGURATION}/{name}"
        if path not in there:
            found.append(f"{path}: is missing")
        elif there[path] != digest:
            found.append(f"{path}: is not the configuration that was tested")
    return found


def _differences(told: Report, computed: Report, *, named: str) -> list[str]:
    """Return how two reports differ; files that are named already are not named again."""
    listed, there = (
        {each.path: each.sha256 for each in report.evidence} for report in (told, computed)
    )
    found = [
        f"{REPORT}: {path} is not the file that the report was made of"
        for path in sorted(listed.keys() | there.keys())
        if listed.get(path) != there.get(path) and f"{path}: " not in f" {named}"
    ]
    one, other = (
        msgspec.to_builtins(msgspec.structs.replace(report, evidence=()))
        for report in (told, computed)
    )
    found += _walk("", one, other)
    shown = found[:_MOST]
    if len(found) > _MOST:
        shown.append(f"{REPORT}: … and {len(found) - _MOST} differences more")
    return shown


def _walk(path: str, told: Any, computed: Any) -> Iterator[str]:
    if isinstance(told, dict) and isinstance(computed, dict):
        for name in dict.fromkeys((*told, *computed)):
            yield from _walk(
                f"{path}.{name}" if path else name,
                told.get(name, _NOTHING),
                computed.get(name, _NOTHING),
            )
    elif isinstance(told, list | tuple) and isinstance(computed, list | tuple):
        for i, (one, other) in enumerate(zip_longest(told, computed, fillvalue=_NOTHING)):
            yield from _walk(f"{path}[{i}]", one, other)
    elif told != computed:
        yield f"{REPORT}: {path} is {_shown(told)}, the evidence says {_shown(computed)}"


def _shown(value: Any) -> str:
    return "nothing" if value is _NOTHING or value is None else repr(value_words(value)[:80])


def _text(path: Path) -> str | None:
    """Return a file's text; None if there is none, which is told elsewhere."""
    try:
        return path.read_bytes().decode("utf-8", "replace")
    except OSError:
        return None


def _signature(folder: Path, report: Report, verifier: "Verifier | None") -> list[str]:
    path = folder / SIGNATURE
    if not report.signature:
        found = [f"{SIGNATURE}: is there, though the report says it is not signed"]
        if path.exists():
            return found
        return ["the report is not signed, and [signing] says who should"] if verifier else []
    if not path.is_file():
        return [f"{SIGNATURE}: is missing"]
    try:
        if verifier is not None:
            signature_words(folder, report, verifier)
        else:
            _covers(folder, report)
    except (DeployerError, OSError) as error:
        return [str(error)]
    return []


def _covers(folder: Path, report: Report) -> None:
    """Raise unless the signature, whoever made it, is about these files."""
    from deployer.signing.bundle import covers, read_bundle  # noqa: PLC0415 - few reports need it

    path = folder / SIGNATURE
    bundle = read_bundle(path.read_bytes(), where=str(path))
    about, files = subject(folder, report), signed_files(folder, report)
    covers(bundle, subject=about, files=files, where=str(path))
