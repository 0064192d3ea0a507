"""What happened, as the lanes above a chart. Pure."""

from deployer.drills.report.model import Report
from deployer.drills.report.phrases import at_words, counted, seconds_words
from deployer.reports.charts.timeline import Lane, Span

__all__ = ["lanes", "phase_strip"]

_FAULTS = 8
"""Faults with a lane each; more share one."""


def phase_strip(report: Report, low: float, high: float) -> list[Span]:
    """Return the phases between two moments."""
    return [
        Span(
            name=each.name,
            start=max(each.begin, low),
            end=min(each.end, high),
            tip=f"{each.name}: {at_words(each.begin)} to {at_words(each.end)}",
        )
        for each in report.phases
        if each.end > low and each.begin < high
    ]


def lanes(report: Report, low: float, high: float) -> list[Lane]:
    """Return faults, commands and what was noticed between two moments."""
    found = [*_faults(report, low, high), *_moments(report, low, high)]
    work = [
        Span(
            start=max(each.at, low),
            end=min(each.at + each.seconds, high),
            tip=f"{each.name}: {at_words(each.at)}, {seconds_words(each.seconds)}",
        )
        for each in report.commands
        if each.at < high and each.at + each.seconds > low
    ]
    if work:
        named = [
            each for each in report.commands if low < each.at + each.seconds and each.at < high
        ]
        name = named[0].name if len(named) == 1 else counted(len(work), "command")
        found.append(Lane(name=name, spans=work, kind="work"))
    return found


def _faults(report: Report, low: float, high: float) -> list[Lane]:
    spans = [
        Span(
            name=each.name,
            start=max(each.begin, low),
            end=min(each.begin if each.end is None else each.end, high),
            tip=f"{each.name}: {at_words(each.begin)}"
            + (f" to {at_words(each.end)}" if each.end is not None else ""),
        )
        for each in report.faults
        if low <= (each.begin if each.end is None else each.end) and each.begin <= high
    ]
    if len(spans) > _FAULTS:
        return [Lane(name=counted(len(spans), "fault"), spans=spans)]
    return [Lane(name=each.name, spans=[each]) for each in spans]


def _moments(report: Report, low: float, high: float) -> list[Lane]:
    figures = report.figures
    found: list[tuple[str, float | None]] = []
    if figures.detected_by:
        found.append((f"noticed by {figures.detected_by}", figures.detection))
    if figures.recovered_by == "checks":
        found.append(("all mended", figures.rto))
    elif figures.last_failure is not None:
        found.append(("first right answer after a failure", figures.first_success))
        found.append(("back: right answers only from here on", figures.rto))
    known = sorted((at, name) for name, at in found if at is not None and low <= at <= high)
    return [
        Lane(name=f"{name}, {at_words(at)}", spans=[Span(start=at, end=at)], kind="moment")
        for at, name in known
    ]
