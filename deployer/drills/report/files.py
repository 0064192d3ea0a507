"""What lies in a folder of evidence: raw records, and the reports made of them."""

import hashlib
import re
from pathlib import Path

from deployer.drills.report.parts import EvidenceFile
from deployer.errors import UsageError

__all__ = [
    "HTML",
    "JUNIT",
    "MADE",
    "MARKDOWN",
    "REPORT",
    "SCHEMA",
    "SIGNATURE",
    "SUMS",
    "evidence_files",
    "hashed",
    "read_sums",
    "sums",
]

REPORT, SCHEMA, MARKDOWN, HTML, JUNIT = (
    "report.json",
    "report.schema.json",
    "report.md",
    "report.html",
    "junit.xml",
)
SUMS = "evidence.sha256"
SIGNATURE = "report.sig"
MADE = (REPORT, SCHEMA, MARKDOWN, HTML, JUNIT)
"""Reports, in the order in which they are written. Everything else in a folder is evidence."""

_OURS = (*MADE, SUMS, SIGNATURE)
_NOT_EVIDENCE = frozenset((*_OURS, *(f".{name}.new" for name in _OURS)))
"""Reports, and what is left of one whose writing was cut off."""
_CHUNK = 1024 * 1024
_LINE = re.compile(r"([0-9a-f]{64}) [ *](.+)")


def evidence_files(folder: Path) -> tuple[EvidenceFile, ...]:
    """Return every file of the evidence with its digest, in the order of their paths.

    Raises:
        UsageError: there is something that is neither a file nor a folder, or a name that no list
            of digests can hold.

    """
    found = []
    for path in folder.rglob("*"):
        relative = path.relative_to(folder).as_posix()
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            raise UsageError(
                "is no file of its own", where=str(path), hint="evidence is plain files: remove it"
            )
        if path.is_dir() or relative in _NOT_EVIDENCE:
            continue
        if not relative.isprintable() or "\\" in relative:
            raise UsageError(
                "has a name that cannot be listed",
                where=repr(str(path)),
                hint="rename or remove it",
            )
        found.append(hashed(folder, relative))
    return tuple(sorted(found, key=lambda each: each.path))


def hashed(folder: Path, path: str) -> EvidenceFile:
    """Return a file's size and digest."""
    digest, size = hashlib.sha256(), 0
    with (folder / path).open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
    return EvidenceFile(path, size, digest.hexdigest())


def sums(files: tuple[EvidenceFile, ...]) -> str:
    """Return a list of digests as ``sha256sum`` writes it, and as ``sha256sum -c`` reads it."""
    return "".join(f"{each.sha256}  {each.path}\n" for each in files)


def read_sums(text: str, where: str) -> dict[str, str]:
    """Return path → hex digest.

    Raises:
        UsageError: a line is no digest and path, or a path is there twice.

    """
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        match = _LINE.fullmatch(line)
        if match is None or match[2] in found:
            raise UsageError(
                "is no list of digests", where=f"{where}:{number}", hint="the file was changed"
            )
        found[match[2]] = match[1]
    return found
