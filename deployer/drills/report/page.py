"""A report as one HTML page that needs no network and no script. Pure."""

from deployer.drills.report.background import (
    definitions_section,
    run_section,
    scenario_section,
    stamp,
)
from deployer.drills.report.chart import closeup_figure, timeline_figure
from deployer.drills.report.model import Report
from deployer.drills.report.phrases import AIMS, amount, counted, seconds_words
from deployer.drills.report.tables import (
    checks_table,
    clouds_tables,
    commands_table,
    evidence_table,
    faults_table,
    phases_table,
    publishes_table,
    timeline_table,
    traffic_table,
    versions_table,
)
from deployer.reports.blocks import Block, Fold, Note, Section, Table, Words
from deployer.reports.page import render_page

__all__ = ["STYLES", "report_page", "stamp"]

STYLES = ("style.css", "timeline.css")


def report_page(report: Report) -> str:
    """Return the page; the same report gives the same bytes."""
    return render_page(
        title=report.scenario.title,
        subtitle=_subtitle(report),
        verdict=report.verdict,
        tone="good" if report.passed else "bad",
        figures=_headline(report),
        sections=[
            _objectives(report),
            _timeline(report),
            _found(report),
            _integrity(report),
            _steady(report),
            scenario_section(report),
            run_section(report),
            definitions_section(report),
            _evidence(report),
        ],
        styles=STYLES,
    )


def _subtitle(report: Report) -> str:
    number = f"Drill {report.scenario.number}, " if report.scenario.number else "Drill "
    where = "on emulators" if report.run.where == "emulators" else "on staging"
    by = f", run by {report.run.operator}" if report.run.operator else ""
    return f"{number}{report.scenario.name}, {where}, {stamp(report.run.began)}{by}"


def _headline(report: Report) -> list[tuple[str, str, str]]:
    figures = report.figures
    shown = []
    for each in report.objectives:
        if each.got is None and each.wanted is None and each.name in ("max_failed", "slowest"):
            continue
        limit = f"wanted: at most {amount(each.name, each.wanted)}"
        beside = "no objective" if each.wanted is None else limit
        if each.name == "max_failed":
            beside = f"of {figures.requests:,}; {beside}"
        shown.append((AIMS[each.name], amount(each.name, each.got), beside))
    noticed = figures.detected_by or "nobody noted it"
    shown.append(("Time to detection", seconds_words(figures.detection), noticed))
    return shown


def _objectives(report: Report) -> Section:
    words = {True: "✓ met", False: "✗ missed", None: "no objective"}
    rows = [
        (AIMS[a.name], words[a.met], amount(a.name, a.wanted), amount(a.name, a.got))
        for a in report.objectives
    ]
    table = Table(
        caption="Objectives, stated before the run",
        head=("Objective", "Result", "At most", "Measured"),
        rows=rows,
        text=2,
        strong=frozenset(i for i, each in enumerate(report.objectives) if each.met is False),
    )
    return Section(
        key="objectives",
        title="Objectives",
        blocks=[
            Note(level="info", title="Not production", text=report.disclaimer),
            Words(text=f"What must happen: {report.scenario.must}"),
            table,
        ],
    )


def _timeline(report: Report) -> Section:
    blocks: list[Block] = [timeline_figure(report)]
    near = closeup_figure(report)
    if near is not None:
        blocks.append(near)
    blocks.append(faults_table(report))
    if report.figures.requests:
        blocks.append(phases_table(report))
    blocks.append(timeline_table(report))
    return Section(key="timeline", title="What happened", blocks=blocks)


def _found(report: Report) -> Section:
    blocks: list[Block] = [
        Note(level="warning" if each.level == "failure" else "info", title="", text=each.text)
        for each in report.findings
    ]
    if not any(each.level == "failure" for each in report.findings):
        blocks.insert(0, Words(text="Nothing was found that is not as it should be."))
    blocks += [Note(level="warning", title="Deviation", text=text) for text in report.deviations]
    if not report.deviations:
        blocks.append(Words(text="Deviations: none. The drill went as a drill should."))
    undone = report.rollback
    if undone.failed:
        number = counted(len(undone.failed), "thing")
        blocks.append(Words(text=f"Rollback: not complete, {number} could not be undone."))
    else:
        what = f": {'; '.join(undone.done)}" if undone.done else "; nothing was left to undo"
        blocks.append(Words(text=f"Rollback: complete{what}."))
    return Section(key="findings", title="Findings, deviations, rollback", blocks=blocks)


def _integrity(report: Report) -> Section:
    figures = report.figures
    if not report.clouds:
        text = "What the clouds hold was not read, so that nothing is known about lost publishes."
        return Section(key="integrity", title="Integrity", blocks=[Words(text=text)])
    intact = (
        "each one that has a digest in its name is what that promises"
        if not figures.damaged
        else f"{counted(len(figures.damaged), 'object')} not what was promised"
    )
    blocks: list[Block] = [
        Words(
            text=f"After the drill, {counted(figures.objects, 'object')} of all clouds were read "
            f"past the code under test and hashed; {intact}."
        ),
        *clouds_tables(report),
    ]
    if report.publishes:
        blocks.append(publishes_table(report))
    if any(each.versions for each in report.clouds):
        blocks.append(versions_table(report))
    return Section(key="integrity", title="Integrity", blocks=blocks)


def _steady(report: Report) -> Section:
    blocks: list[Block] = []
    titles = {
        "steady": "Before: the steady state",
        "method": "While it was broken",
        "recovery": "While it was mended",
        "after": "After: the steady state again, and what must hold",
    }
    for phase, title in titles.items():
        found = [each for each in report.checks if each.phase == phase]
        if found:
            blocks.append(checks_table(found, title))
    rest = [each for each in report.checks if each.phase not in titles]
    if rest:
        blocks.append(checks_table(rest, "In other phases"))
    if report.commands:
        blocks.append(commands_table(report))
    if report.traffic:
        blocks.append(traffic_table(report))
    return Section(key="checks", title="Checks before, during and after", blocks=blocks)


def _evidence(report: Report) -> Section:
    signed = (
        f"All files are listed in evidence.sha256, and that list and the reports are signed: "
        f"{report.signature}."
        if report.signature
        else "All files are listed in evidence.sha256. This report is not signed: no key is "
        "configured in [signing]."
    )
    return Section(
        key="evidence",
        title="Evidence",
        blocks=[
            Words(
                text="Every number of this page is computed from these files; `deployer drill "
                f"report FOLDER --check` does it again and compares. {signed}"
            ),
            Fold(
                title=f"Digests of {counted(len(report.evidence), 'file')}",
                blocks=[evidence_table(report)],
            ),
        ],
    )
