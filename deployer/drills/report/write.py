"""Writes a report in every format into the folder of its evidence, and signs all of it."""

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from deployer.drills.report.document import report_json, schema_json
from deployer.drills.report.files import (
    HTML,
    JUNIT,
    MADE,
    MARKDOWN,
    REPORT,
    SCHEMA,
    SIGNATURE,
    SUMS,
    hashed,
    sums,
)
from deployer.drills.report.junit import junit
from deployer.drills.report.markdown import report_markdown
from deployer.drills.report.model import Report
from deployer.drills.report.page import report_page

if TYPE_CHECKING:
    from collections.abc import Mapping

    from deployer.signing.model import Files, Signer

__all__ = ["put", "rendered", "signed_files", "subject", "write_all"]


def rendered(report: Report) -> "Mapping[str, str]":
    """Return every format of a report: file name → text."""
    return {
        REPORT: report_json(report),
        SCHEMA: schema_json(),
        MARKDOWN: report_markdown(report),
        HTML: report_page(report),
        JUNIT: junit([report]),
    }


def write_all(folder: Path, report: Report, *, signer: "Signer | None") -> Report:
    """Write all formats, the list of digests and, if somebody signs, the signature.

    Args:
        folder: of the evidence; reports of before are replaced.
        report: of that evidence.
        signer: who signs; None: the report says that it is not signed.

    Returns:
        the report as it was written: it names its signature.

    Raises:
        CredentialsError: there is no identity to sign with.
        CloudError: a service that signing needs is unavailable.

    """
    report = msgspec.structs.replace(report, signature=SIGNATURE if signer else "")
    (folder / SIGNATURE).unlink(missing_ok=True)
    for name, text in rendered(report).items():
        put(folder / name, text)
    made = tuple(hashed(folder, name) for name in MADE)
    put(folder / SUMS, sums((*report.evidence, *made)))
    if signer is not None:
        bundle = signer.sign(subject(folder, report), signed_files(folder, report))
        put(folder / SIGNATURE, bundle.decode())
    return report


def subject(folder: Path, report: Report) -> str:
    """Return what a signature is about: the drill and the digest of its report."""
    return f"drill/{report.scenario.name}@sha256:{hashed(folder, REPORT).sha256}"


def signed_files(folder: Path, report: Report) -> "Files":
    """Return path and digest of everything that a signature covers, as they are now."""
    every = (
        *report.evidence,
        *(hashed(folder, name) for name in (*MADE, SUMS)),
    )
    return sorted((each.path, each.sha256) for each in every)


def put(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    temporary = path.with_name(f".{path.name}.new")
    temporary.write_text(text, "utf-8")
    temporary.replace(path)
