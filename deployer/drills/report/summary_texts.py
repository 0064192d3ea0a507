"""Many drills as a page, as Markdown and for a terminal. Pure."""

import re

from deployer.drills.report.background import stamp
from deployer.drills.report.markdown import grid
from deployer.drills.report.page import STYLES
from deployer.drills.report.phrases import AIMS, amount, counted, seconds_words
from deployer.drills.report.summary_model import Row, Summary
from deployer.reports.blocks import Note, Section, Table, Words
from deployer.reports.charts.text import clean
from deployer.reports.page import render_page
from deployer.reviewing.markup import code, plain
from deployer.reviewing.spans import Line, Span, columns

__all__ = ["summary_lines", "summary_markdown", "summary_page", "summary_words"]

_SAFE = re.compile(r"[A-Za-z0-9._-]+(?:/[A-Za-z0-9._-]+)*")
_HEAD = ("Drill", "Result", "What was broken", "RTO", "Noticed", "RPO", "Failed requests", "Took")


def summary_words(found: Summary) -> str:
    """Return what all came to, in a sentence."""
    failed = [each for each in found.drills if not each.passed]
    took = f"together they took {seconds_words(found.seconds)}"
    if not found.drills:
        return "No drill was run."
    if not failed:
        number = counted(len(found.drills), "drill")
        return f"All {number} passed; {took}." if len(found.drills) > 1 else f"Passed; {took}."
    names = ", ".join(each.name for each in failed)
    return f"{len(failed)} of {counted(len(found.drills), 'drill')} failed: {names}; {took}."


def summary_page(found: Summary) -> str:
    """Return the page; each drill links to its own."""
    failed = sum(not each.passed for each in found.drills)
    requests = sum(each.requests for each in found.drills)
    lost = sum(each.failed for each in found.drills)
    times = [each.rto for each in found.drills if each.rto is not None]
    table = Table(
        caption=counted(len(found.drills), "drill"),
        head=_HEAD,
        rows=[
            (name, result.replace(" ", "\u00a0"), *rest)
            for name, result, *rest in map(_cells, found.drills)
        ],
        text=3,
        strong=frozenset(i for i, each in enumerate(found.drills) if not each.passed),
        links=[each.page if _SAFE.fullmatch(each.page) else "" for each in found.drills],
    )
    wrong = [
        Note(level="warning", title=each.name, text=each.verdict)
        for each in found.drills
        if not each.passed
    ]
    proved = ", ".join(found.protections)
    return render_page(
        title="Disaster-recovery drills",
        subtitle=f"{counted(len(found.drills), 'drill')}, begun {stamp(found.began)}",
        verdict=summary_words(found),
        tone="good" if found.passed else "bad",
        figures=[
            ("Passed", str(len(found.drills) - failed), f"of {len(found.drills)}"),
            ("Longest recovery", seconds_words(max(times, default=None)), "RTO"),
            ("Lost publishes", str(sum(each.rpo or 0 for each in found.drills)), "RPO, all drills"),
            ("Failed requests", f"{lost:,}", f"of {requests:,}"),
        ],
        sections=[
            Section(
                key="drills",
                title="Drills",
                blocks=[
                    Note(level="info", title="Not production", text=found.disclaimer),
                    table,
                ],
            ),
            Section(key="failures", title="What failed", blocks=wrong),
            Section(
                key="protections",
                title="What was proved",
                blocks=[Words(text=f"Protections that drills which passed are about: {proved}.")]
                if proved
                else [],
            ),
        ],
        styles=STYLES,
    )


def summary_markdown(found: Summary) -> str:
    """Return a list for a ticket."""
    mark = "✅" if found.passed else "❌"
    rows = []
    for each in found.drills:
        name, result, *rest = _cells(each)
        link = f"[{plain(name)}]({each.page})" if _SAFE.fullmatch(each.page) else plain(name)
        rows.append((link, result, *(plain(cell) for cell in rest)))
    parts = [
        f"# {mark} Disaster-recovery drills",
        f"**{plain(summary_words(found))}**",
        f"> {plain(found.disclaimer)}",
        grid(_HEAD, rows, _HEAD[3:]),
        "\n".join(f"- {code(each.name)}: {plain(each.verdict)}" for each in _wrong(found)),
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def summary_lines(found: Summary) -> list[Line]:
    """Return lines for a terminal."""
    rows: list[tuple[tuple[str, ...], str]] = [(_HEAD, "dim")]
    rows += [(_cells(each), "" if each.passed else "red") for each in found.drills]
    lines: list[Line] = [*columns(rows, frozenset(range(3, len(_HEAD)))), ()]
    for each in _wrong(found):
        missed = ", ".join(AIMS[name] for name in each.missed)
        lines.append(
            (
                Span("  ✗ ", "bold red"),
                Span(f"{clean(each.name)}  ", "bold"),
                Span(clean(each.verdict)),
                Span(f"  missed: {missed}" if missed else "", "dim"),
            )
        )
    mark, style = ("✓ ", "bold green") if found.passed else ("✗ ", "bold red")
    lines.append((Span(mark, style), Span(clean(summary_words(found)), "bold")))
    lines.append((Span(f"  {found.disclaimer}", "dim"),))
    return lines


def _wrong(found: Summary) -> list[Row]:
    return [each for each in found.drills if not each.passed]


def _cells(each: Row) -> tuple[str, ...]:
    words = {"passed": "✓ passed", "failed": "✗ failed", "broken": "✗ no report"}
    number = f"{each.number} " if each.number else ""
    return (
        f"{number}{each.name}",
        words[each.state],
        each.title or "\u2013",
        amount("rto", each.rto),
        seconds_words(each.detection),
        amount("rpo", each.rpo),
        f"{each.failed:,} of {each.requests:,}" if each.requests else "\u2013",
        seconds_words(each.seconds or None),
    )
