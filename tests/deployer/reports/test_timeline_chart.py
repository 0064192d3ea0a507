"""A timeline: every value is where it belongs, and every name within the drawing."""

import math
import re
from itertools import pairwise
from typing import Literal
from xml.etree import ElementTree as ET

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from deployer.reports.charts.panels import Dots, Layer, Panel, Spread, Stack
from deployer.reports.charts.timeline import Lane, Span, timeline
from tests.deployer.reports.colour_kit import contrast, themes

SVG = "{http://www.w3.org/2000/svg}"
LEFT, RIGHT, WIDE = 58.0, 752.0, 900.0


def drawn(
    panels: list[Panel],
    edges: list[float],
    lanes: list[Lane] | None = None,
    tips: list[str] | None = None,
) -> ET.Element:
    svg = timeline(
        panels, edges=edges, lanes=lanes or [], tips=tips or [], x_label="s", key="k", title="t",
        describe="d",
    )  # fmt: skip
    return ET.fromstring(svg)


def of_class(root: ET.Element, name: str) -> list[ET.Element]:
    return [each for each in root.iter() if each.get("class") == name]


def points(d: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in re.findall(r"[ML](-?[\d.]+) (-?[\d.]+)", d)]


def area(outline: list[tuple[float, float]]) -> float:
    pairs = zip(outline, outline[1:] + outline[:1], strict=True)
    return abs(sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in pairs)) / 2


COUNTS = st.lists(st.integers(0, 50), min_size=1, max_size=12)


@settings(deadline=None)
@given(COUNTS, st.data())
def test_the_area_of_a_layer_is_its_sum(counts: list[int], data: st.DataObject) -> None:
    others = data.draw(st.lists(st.integers(0, 50), min_size=len(counts), max_size=len(counts)))
    panel = Stack(
        title="n",
        layers=[
            Layer(name="a", values=counts, tone="s0"),
            Layer(name="b", values=others, tone="s1"),
        ],
    )
    root = drawn([panel], [float(i) for i in range(len(counts) + 1)])
    most = max(map(sum, zip(counts, others, strict=True))) or 1
    across, up = (RIGHT - LEFT) / len(counts), (110 - 24) / most
    for tone, values in (("s0", counts), ("s1", others)):
        # The legend's sample has the class of its layer, too: it alone is drawn with h and v.
        paths = [p for p in of_class(root, f"area {tone}") if "h14" not in p.get("d", "")]
        found = sum(area(points(run)) for path in paths for run in path.get("d", "").split("Z"))
        # Coordinates are to a tenth.
        assert math.isclose(found, sum(values) * across * up, rel_tol=0.02, abs_tol=80)


def test_a_layer_stands_on_the_one_below() -> None:
    layers = [
        Layer(name="a", values=[3, 1], tone="s0"),
        Layer(name="b", values=[1, 3], tone="s1"),
    ]
    root = drawn([Stack(title="n", layers=layers)], [0, 1, 2])
    tops, bottoms = [], []
    for tone in ("s0", "s1"):
        path = next(p for p in of_class(root, f"area {tone}") if "h14" not in p.get("d", ""))
        ups = [y for x, y in points(path.get("d", "")) if x == LEFT]
        tops.append(min(ups))
        bottoms.append(max(ups))
    assert bottoms[1] == tops[0] < bottoms[0]
    assert tops[1] < tops[0]


def test_runs_have_no_seams() -> None:
    root = drawn(
        [Stack(title="n", layers=[Layer(name="a", values=[1, 2, 0, 3], tone="s0")])],
        [0, 1, 2, 3, 4],
    )
    path = next(p for p in of_class(root, "area s0") if "h14" not in p.get("d", ""))
    assert path.get("d", "").count("M") == 2


def test_a_logarithmic_axis_puts_decades_evenly_apart() -> None:
    panel = Dots(
        title="t", unit="seconds", groups=[("a", "s0", [(0, 0.001), (1, 0.01), (2, 0.1), (3, 1)])]
    )
    root = drawn([panel], [0, 3])
    dots = of_class(root, "dot s0")[:4]
    ups = [float(each.get("cy", "")) for each in dots]
    steps = [a - b for a, b in pairwise(ups)]
    assert steps == pytest.approx([steps[0]] * 3, abs=0.2)
    labels = {"".join(each.itertext()) for each in root.iter(f"{SVG}text")}
    assert {"1 ms", "10 ms", "100 ms", "1 s"} <= labels


def test_a_narrow_range_still_has_ticks() -> None:
    values = [0.0021, 0.0029]
    panel = Spread(
        title="t", middle=values, high=values, most=values, names=("a", "b", "c"), unit="seconds"
    )
    labels = {"".join(each.itertext()) for each in drawn([panel], [0, 1, 2]).iter(f"{SVG}text")}
    assert {"1 ms", "2 ms", "5 ms", "10 ms"} <= labels


def test_gaps_are_gaps() -> None:
    middle = [0.1, 0.2, math.nan, 0.1, 0.2]
    panel = Spread(title="t", middle=middle, high=middle, most=middle, names=("a", "b", "c"))
    root = drawn([panel], [float(i) for i in range(6)])
    lines = [p for p in of_class(root, "line s2") if "H" not in p.get("d", "")]
    assert len(lines) == 2


@settings(deadline=None)
@given(
    st.text(st.characters(codec="utf-8"), min_size=1, max_size=90),
    st.floats(0, 10),
    st.floats(0, 10),
    st.sampled_from(["fault", "work", "moment"]),
)
@example("x" * 90, 4.5, 10.0, "fault")
@example("x" * 90, 0.0, 0.2, "moment")
@example("x" * 90, 0.5, 9.9, "work")
def test_a_lane_s_name_stays_in_the_drawing(
    name: str, one: float, other: float, kind: Literal["fault", "work", "moment"]
) -> None:
    low, high = min(one, other), max(one, other)
    span = Span(start=low, end=low if kind == "moment" else high)
    lane = Lane(name=name, spans=[span], kind=kind)
    root = drawn([], [0, 10], [lane])
    shown = next(e for e in root.iter(f"{SVG}text") if (e.get("class") or "").startswith("what"))
    x, letters = float(shown.get("x", "")), len("".join(shown.itertext()))
    if "end" in (shown.get("class") or ""):
        assert x <= WIDE
        assert letters <= x / 6.6 + 1
    else:
        assert letters <= (WIDE - x) / 6.6 + 1


def test_what_is_outside_of_the_axis_is_held_at_its_ends() -> None:
    lanes = [Lane(name="f", spans=[Span(start=-5, end=50)])]
    shade = of_class(drawn([], [0, 10], lanes), "shade")[0]
    assert float(shade.get("x", "")) == LEFT
    assert float(shade.get("width", "")) == RIGHT - LEFT


def test_tips_are_over_their_slices() -> None:
    stack = Stack(title="n", layers=[Layer(name="a", values=[1, 1], tone="s0")])
    root = drawn([stack], [0, 1, 4], tips=["first", ""])
    hovers = of_class(root, "hover")
    assert len(hovers) == 1
    assert float(hovers[0].get("width", "")) == pytest.approx((RIGHT - LEFT) / 4, abs=0.1)


@pytest.mark.parametrize("theme", themes())
def test_names_within_a_bar_can_be_read(theme: str) -> None:
    colours = themes()[theme]
    assert contrast(colours["card"], colours["s1"]) >= 4.5
    for phase in ("r1", "r2"):
        assert contrast(colours["soft"], colours[phase]) >= 4.5
