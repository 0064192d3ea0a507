"""Many drills together: one page, one list, one document, one file for whoever runs tests."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import msgspec

from deployer import typed
from deployer.drills.report.check import check, read_report
from deployer.drills.report.document import DIALECT
from deployer.drills.report.files import HTML, JUNIT, REPORT, hashed
from deployer.drills.report.junit import junit
from deployer.drills.report.model import EMULATED, STAGED, Report
from deployer.drills.report.summary_model import Row, Summary
from deployer.drills.report.summary_texts import summary_markdown, summary_page
from deployer.drills.report.write import put
from deployer.errors import DeployerError, MissingError, UsageError

if TYPE_CHECKING:
    from deployer.signing.model import Verifier

__all__ = [
    "INDEX",
    "Outcome",
    "check_summary",
    "read_summary",
    "summarise",
    "summary_schema",
    "write_summary",
]

BROKEN = "Failed: "
INDEX, LIST, DOCUMENT = "index.html", "drills.md", "drills.json"


class Outcome(NamedTuple):
    """How one of many drills ended.

    Attributes:
        name: of its scenario.
        folder: of its evidence, relative to that of all drills; with ``/``.
        report: of it; None if there is none.
        why: there is none; in one line.

    """

    name: str
    folder: str
    report: Report | None = None
    why: str = ""


def summarise(outcomes: Sequence[Outcome], folder: Path) -> Summary:
    """Return what many drills came to.

    Args:
        outcomes: in the order in which they were run.
        folder: that their folders are in.

    """
    rows = tuple(_row(each, folder) for each in outcomes)
    reports = [each.report for each in outcomes if each.report is not None]
    began = min((each.run.began for each in reports), default="")
    staged = any(each.run.where == "staging" for each in reports)
    return Summary(
        disclaimer=STAGED if staged else EMULATED,
        passed=bool(rows) and all(each.passed for each in rows),
        began=began,
        seconds=round(sum(each.seconds for each in rows), 3),
        drills=rows,
        protections=tuple(
            sorted({name for each in reports if each.passed for name in each.scenario.protects})
        ),
    )


def write_summary(folder: Path, outcomes: Sequence[Outcome]) -> Summary:
    """Write ``index.html``, ``drills.md``, ``drills.json`` and ``junit.xml`` of many drills."""
    found = summarise(outcomes, folder)
    document = json.dumps(msgspec.to_builtins(found), indent=2, ensure_ascii=False)
    reports = [each.report for each in outcomes if each.report is not None]
    broken = [(each.name, each.why) for each in outcomes if each.report is None]
    put(folder / DOCUMENT, document + "\n")
    put(folder / LIST, summary_markdown(found))
    put(folder / INDEX, summary_page(found))
    put(folder / JUNIT, junit(reports, broken=broken))
    return found


def read_summary(folder: Path) -> Summary | None:
    """Return what was written about many drills; None if a folder is not one of many.

    Raises:
        UsageError: the document is none.

    """
    path = folder / DOCUMENT
    if not path.is_file():
        return None
    try:
        return typed.decode(path.read_bytes(), Summary)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise UsageError(
            f"is no summary of drills: {error}", where=str(path), hint="run the drills again"
        ) from error


def check_summary(folder: Path, verifier: "Verifier | None" = None) -> list[str]:
    """Return what is not as the evidence of many drills says, a line each; see :func:`check`.

    Raises:
        MissingError: there is no summary.

    """
    told = read_summary(folder)
    if told is None:
        raise MissingError("there is no summary of drills", where=str(folder))
    found, outcomes = [], []
    for row in told.drills:
        name, _, page = row.page.rpartition("/")
        if not page:
            outcomes.append(Outcome(row.name, "", None, row.verdict.removeprefix(BROKEN)))
        elif not name or not (folder / name).resolve().is_relative_to(folder.resolve()):
            found.append(f"{DOCUMENT}: {row.page} is not below this folder")
        else:
            try:
                found += [f"{name}: {each}" for each in check(folder / name, verifier)]
                outcomes.append(Outcome(row.name, name, read_report(folder / name)))
            except DeployerError as error:
                found.append(f"{name}: {error}")
    if not found and summarise(outcomes, folder) != told:
        found.append(f"{DOCUMENT}: is not what the reports say")
    return found


def summary_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of a summary."""
    return {"$schema": DIALECT, **msgspec.json.schema(Summary)}


def _row(each: Outcome, folder: Path) -> Row:
    report = each.report
    if report is None:
        return Row(name=each.name, passed=False, verdict=f"{BROKEN}{each.why}", state="broken")
    figures = report.figures
    written = folder / each.folder / REPORT
    state: Literal["passed", "failed"] = "passed" if report.passed else "failed"
    return Row(
        name=each.name,
        number=report.scenario.number,
        title=report.scenario.title,
        passed=report.passed,
        state=state,
        verdict=report.verdict,
        rto=figures.rto,
        rpo=figures.rpo,
        detection=figures.detection,
        requests=figures.requests,
        failed=figures.failed,
        missed=tuple(each.objective for each in figures.missed),
        seconds=report.run.seconds,
        page=f"{each.folder}/{HTML}",
        sha256=hashed(folder / each.folder, REPORT).sha256 if written.is_file() else "",
    )
