"""A report for a terminal: lines of text in styles. Pure; whoever prints it decides on colours."""

from deployer.drills.report.model import Report
from deployer.drills.report.parts import Finding
from deployer.drills.report.phrases import (
    AIMS,
    amount,
    at_words,
    bytes_words,
    counted,
    seconds_words,
)
from deployer.reports.charts.text import clean
from deployer.reviewing.spans import Line, Span, columns, title

__all__ = ["terminal_lines"]


def terminal_lines(report: Report, *, verbose: bool = False) -> list[Line]:
    """Return a report as lines.

    Args:
        report: what to show.
        verbose: also every check that held, and every event.

    """
    about, figures = report.scenario, report.figures
    number = f"Drill {about.number}  " if about.number else "Drill  "
    lines: list[Line] = [
        (Span(number, "dim"), Span(clean(about.name), "bold"), Span(f"  {clean(about.title)}")),
        (),
        *_faults(report),
        (),
        *_objectives(report),
        (),
    ]
    if figures.requests:
        lines += [*_requests(report), ()]
    lines += [*_integrity(report), ()]
    lines += [*_checks(report, verbose=verbose), ()]
    if verbose:
        lines += [*_timeline(report), ()]
    found = [_finding(each) for each in report.findings]
    found += [(Span("  deviation  ", "yellow"), Span(clean(each))) for each in report.deviations]
    if found:
        lines += [title("Findings"), *found, ()]
    mark, style = ("✓ ", "bold green") if report.passed else ("✗ ", "bold red")
    lines.append((Span(mark, style), Span(clean(report.verdict), "bold")))
    lines.append((Span(f"  {report.disclaimer}", "dim"),))
    return lines


def _faults(report: Report) -> list[Line]:
    rows = [
        (
            (
                each.name,
                at_words(each.begin),
                "" if each.end is None else f"ended {at_words(each.end)}",
            ),
            "",
        )
        for each in report.faults
    ]
    return [title("Broken"), *(columns(rows, frozenset({1})) if rows else [(Span("  nothing"),)])]


def _objectives(report: Report) -> list[Line]:
    words = {True: "✓ met", False: "✗ missed", None: ""}
    styles = {True: "green", False: "bold red", None: "dim"}
    rows = [
        (
            (
                AIMS[each.name],
                amount(each.name, each.got),
                "no objective" if each.wanted is None else f"≤ {amount(each.name, each.wanted)}",
                words[each.met],
            ),
            styles[each.met],
        )
        for each in report.objectives
    ]
    noticed = report.figures.detected_by
    detection = seconds_words(report.figures.detection)
    rows.append((("Time to detection", detection, noticed, ""), "dim"))
    return [title("Objectives"), *columns(rows, frozenset({1}))]


def _requests(report: Report) -> list[Line]:
    figures = report.figures
    told = f"{counted(figures.requests, 'request')}, {figures.failed:,} failed"
    if figures.kinds:
        told += f": {', '.join(f'{n:,} {kind}' for kind, n in figures.kinds.items())}"

    def shown(value: float | None) -> str:
        return seconds_words(None if value is None else value / 1000)

    head = ("", "due", "failed", "median", "99%", "slowest")
    rows = [(head, "dim")]
    rows += [
        (
            (
                each.phase,
                f"{each.requests:,}",
                f"{each.failed:,}",
                shown(each.p50),
                shown(each.p99),
                shown(each.slowest),
            ),
            "red" if each.failed else "",
        )
        for each in figures.phases
        if each.requests
    ]
    return [title("Requests", told), *columns(rows, frozenset(range(1, 6)))]


def _integrity(report: Report) -> list[Line]:
    if not report.clouds:
        return [title("Integrity", "what the clouds hold was not read")]
    figures = report.figures
    told = (
        f"{counted(figures.objects, 'object')}, {bytes_words(figures.bytes)}, "
        f"{len(figures.damaged):,} damaged"
    )
    rows = [
        (
            (
                each.cloud,
                counted(len(each.versions), "whole version"),
                counted(each.objects, "object"),
                f"{len(each.damaged)} damaged" if each.damaged else "",
            ),
            "red" if each.damaged else "",
        )
        for each in report.clouds
    ]
    return [title("Integrity", told), *columns(rows)]


def _checks(report: Report, *, verbose: bool) -> list[Line]:
    figures = report.figures
    told = f"{figures.checks_passed:,} held, {len(figures.checks_failed):,} failed"
    lines = [title("Checks", told)]
    for each in report.checks:
        if each.ok and not verbose:
            continue
        mark, style = ("✓", "green") if each.ok else ("✗", "bold red")
        lines.append((Span(f"  {mark} ", style), Span(clean(f"{each.phase}: {each.name}"))))
        if not each.ok:
            said = f"expected {each.expected or 'nothing'}, seen {each.seen or 'nothing'}"
            lines.append((Span(f"    {clean(said)}", "dim"),))
    return lines


def _timeline(report: Report) -> list[Line]:
    rows = [
        (
            (at_words(each.at), each.kind, each.name, each.more),
            "red" if each.ok is False or each.kind == "error" else "",
        )
        for each in report.timeline
    ]
    return [title("Timeline", "seconds from the first fault"), *columns(rows, frozenset({0}))]


def _finding(each: Finding) -> Line:
    failed = each.level == "failure"
    return (
        Span("  failure    " if failed else "  note       ", "bold red" if failed else "blue"),
        Span(clean(each.text)),
    )
