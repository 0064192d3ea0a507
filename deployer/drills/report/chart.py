"""The charts of a drill: all of it over one axis of time, and a closer look at the fault. Pure."""

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

from deployer.drills.report.lanes import lanes, phase_strip
from deployer.drills.report.model import Report
from deployer.drills.report.phrases import at_words, counted, seconds_words
from deployer.drills.report.series import Bins
from deployer.reports.blocks import Figure
from deployer.reports.charts.panels import Dots, Layer, Panel, Spread, Stack, Tone
from deployer.reports.charts.timeline import timeline

__all__ = ["closeup_figure", "timeline_figure"]

_TONES: tuple[Tone, ...] = ("s0", "s2", "s3", "s4", "s1")
_WRONG: tuple[Tone, ...] = ("s1", "s3", "s4", "s0", "s2")
_KINDS = 5
_DESCRIBED = 8


def timeline_figure(report: Report) -> Figure:
    """Return requests, times, failures and who answered over one axis, with what was broken."""
    edges = _edges(report)
    asked = bool(report.figures.requests)
    return Figure(
        title="What was asked, how fast and by whom it was answered"
        if asked
        else "What was broken and done",
        svg=timeline(
            _panels(report, edges),
            edges=edges,
            strip=phase_strip(report, edges[0], edges[-1]),
            lanes=lanes(report, edges[0], edges[-1]),
            tips=_tips(report.bins, edges) if asked else (),
            x_label=_axis(report),
            key="timeline",
            title=f"Timeline of the drill {report.scenario.name}",
            describe=_described(report),
        ),
        note=_note(report),
        scroll=True,
    )


def closeup_figure(report: Report) -> Figure | None:
    """Return every request around the fault; None if there are none, or too many."""
    near = report.closeup
    if near is None:
        return None
    points: list[list[tuple[float, float]]] = [[] for _ in near.kinds]
    for due, ms, kind in zip(near.due, near.ms, near.kind, strict=True):
        points[kind].append((due, max(ms, 0.001) / 1000))
    tones = ("s0", *_WRONG[:3])
    groups = [
        (name or "answered right", tones[min(i, len(tones) - 1)], points[i])
        for i, name in enumerate(near.kinds)
    ]
    failed = sum(kind > 0 for kind in near.kind)
    return Figure(
        title="Around the fault: each request by itself",
        svg=timeline(
            [Dots(title="Time to the answer", groups=groups, unit="seconds")],
            edges=[near.start, near.end],
            lanes=lanes(report, near.start, near.end),
            x_label=_axis(report),
            key="closeup",
            title="Every request around the fault",
            describe=f"{counted(len(near.due), 'request')} from {at_words(near.start)} to "
            f"{at_words(near.end)}, {failed:,} failed.",
        ),
        note="A dot is a request: where it was due, and how long it then took to be answered or "
        "given up.",
        scroll=True,
    )


def _axis(report: Report) -> str:
    return "Seconds from the first fault" if report.run.fault else "Seconds from the beginning"


def _edges(report: Report) -> list[float]:
    """Return the edges of slices: those of the requests, or one slice over all."""
    bins = report.bins
    if bins is not None:
        return list(bins.edges)
    times = [0.0, *(each.at for each in report.timeline)]
    low, high = min(times), max(times)
    return [low, high if high > low else low + 1.0]


def _panels(report: Report, edges: Sequence[float]) -> list[Panel]:
    bins = report.bins
    if bins is None:
        # Nothing was asked: the lanes above still need an axis to stand over.
        return []
    if not report.figures.requests:
        return _stores(bins)
    widths = [b - a for a, b in pairwise(edges)]
    wrong = [sum(each) for each in zip(*bins.failed.values(), strict=True)] if bins.failed else []
    none = [0] * (len(edges) - 1)
    panels: list[Panel] = [
        Stack(
            title="Requests a second",
            layers=[
                Layer(name="answered right", values=_rate(bins.right, widths), tone="s0"),
                Layer(name="failed", values=_rate(wrong or none, widths), tone="s1"),
            ],
        ),
        Spread(
            title="Time to the answer",
            middle=_seconds(bins.p50),
            high=_seconds(bins.p99),
            most=_seconds(bins.slowest),
            names=("median", "99th percentile", "slowest"),
            unit="seconds",
        ),
    ]
    if bins.failed:
        panels.append(
            Stack(title="Failed requests a second", layers=_layers(bins.failed, widths, _WRONG))
        )
    if bins.answered:
        who = "endpoint" if bins.by == "endpoint" else "version"
        panels.append(
            Stack(
                title=f"Answers a second, by {who}",
                layers=_layers(bins.answered, widths, _TONES, _appeared),
            )
        )
    return panels


def _stores(bins: Bins) -> list[Panel]:
    widths = [b - a for a, b in pairwise(bins.edges)]
    panels: list[Panel] = []
    if bins.stores:
        layers = _layers(bins.stores, widths, _TONES)
        panels.append(Stack(title="Requests to stores a second", layers=layers))
    if any(bins.changed):
        met = Layer(name="met by a fault", values=_rate(bins.changed, widths), tone="s1")
        panels.append(Stack(title="Requests to stores met by a fault, a second", layers=[met]))
    return panels


def _commonest(counts: Sequence[int]) -> float:
    return -sum(counts)


def _appeared(counts: Sequence[int]) -> float:
    return next((i for i, each in enumerate(counts) if each), len(counts))


def _layers(
    found: dict[str, tuple[int, ...]],
    widths: Sequence[float],
    tones: Sequence[Tone],
    order: Callable[[Sequence[int]], float] = _commonest,
) -> list[Layer]:
    """Return the commonest as layers in some order, and the others as one."""
    ranked = sorted(found, key=lambda name: (_commonest(found[name]), name))
    chosen = ranked if len(ranked) <= _KINDS else ranked[: _KINDS - 1]
    rest = [found[name] for name in ranked if name not in chosen]
    layers = [
        Layer(name=name, values=_rate(found[name], widths), tone=tone)
        for name, tone in zip(
            sorted(chosen, key=lambda name: (order(found[name]), name)), tones, strict=False
        )
    ]
    if rest:
        summed = [sum(each) for each in zip(*rest, strict=True)]
        layers.append(Layer(name="others", values=_rate(summed, widths), tone=tones[-1]))
    return layers


def _rate(counts: Sequence[int], widths: Sequence[float]) -> list[float]:
    return [each / width for each, width in zip(counts, widths, strict=True)]


def _seconds(values: Sequence[float | None]) -> list[float]:
    return [math.nan if each is None else max(each, 0.001) / 1000 for each in values]


def _tips(bins: Bins | None, edges: Sequence[float]) -> list[str]:
    if bins is None:
        return []
    tips = []
    for i, right in enumerate(bins.right):
        failed = {name: counts[i] for name, counts in bins.failed.items() if counts[i]}
        middle, slowest = bins.p50[i], bins.slowest[i]
        said = [f"{at_words(edges[i])} to {at_words(edges[i + 1])}: {right} answered right"]
        said += [f"{number} {name}" for name, number in failed.items()]
        if middle is not None and slowest is not None:
            said.append(
                f"median {seconds_words(middle / 1000)}, slowest {seconds_words(slowest / 1000)}"
            )
        tips.append(", ".join(said) if right or failed else "")
    return tips


def _described(report: Report) -> str:
    broken = "; ".join(
        f"{each.name} at {at_words(each.begin)}"
        + (f" until {at_words(each.end)}" if each.end is not None else "")
        for each in report.faults[:_DESCRIBED]
    )
    figures = report.figures
    asked = (
        f" {counted(figures.requests, 'request')}, {figures.failed:,} failed."
        if figures.requests
        else " No requests were part of it."
    )
    return f"Faults: {broken or 'none'}.{asked} Recovery time {seconds_words(figures.rto)}."


def _note(report: Report) -> str:
    bins = report.bins
    if bins is None or not report.figures.requests:
        return "This drill has no endpoints: nobody asked for predictions while it was broken."
    told = (
        "Who answered is what passed the fault proxy before each endpoint."
        if bins.by == "endpoint"
        else "Who answered is told by the digest of the version in each answer."
    )
    return (
        f"Slices of {bins.width:g} s, by the moment when a request was due, so that a slow answer "
        f"hides no other. {told} Rest a pointer on a slice to read its numbers."
    )
