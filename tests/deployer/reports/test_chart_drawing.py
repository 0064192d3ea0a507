"""What charts draw: well-formed, where the numbers are, safe with any label."""

import itertools
import math
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deployer.reports.charts.columns import bin_columns, density_columns
from deployer.reports.charts.lines import Series, line_chart
from deployer.reports.charts.matrix import confusion_chart
from deployer.reports.charts.panels import Dots, Layer, Spread, Stack
from deployer.reports.charts.rows import Pair, Row, axis_floor, bar_rows, dot_rows, pair_rows
from deployer.reports.charts.svg import Svg, element
from deployer.reports.charts.text import clean
from deployer.reports.charts.timeline import Lane, Span, timeline

SVG = "{http://www.w3.org/2000/svg}"
COMMON: dict[str, Any] = {"key": "k", "title": "Title", "describe": "What there is"}


def parse(svg: str) -> ET.Element:
    """Parse as XML, and check what every chart has."""
    root = ET.fromstring(svg)
    assert root.tag == f"{SVG}svg"
    assert root.get("role") == "img"
    assert root.get("aria-labelledby") == root.findall(f"{SVG}title")[0].get("id")
    assert root.get("aria-describedby") == root.findall(f"{SVG}desc")[0].get("id")
    _, _, wide, high = map(float, root.get("viewBox", "").split())
    assert wide > 0
    assert high > 0
    allowed = {"svg", "g", "path", "rect", "circle", "text", "title", "desc"}
    for each in root.iter():
        assert each.tag.removeprefix(SVG) in allowed
        assert not [name for name in each.attrib if name.startswith("on") or "href" in name]
        assert "style" not in each.attrib
        for name in ("x", "y", "cx", "cy", "width", "height", "r"):
            assert math.isfinite(float(each.get(name, "0")))
    assert (
        "nan" not in svg.replace("names", "").lower() or "nan" in "".join(root.itertext()).lower()
    )
    return root


def of_class(root: ET.Element, *names: str) -> list[ET.Element]:
    return [each for each in root.iter() if set(names) <= set((each.get("class") or "").split())]


def lines(label: str) -> Svg:
    points = [(0.0, 1.0), (1.0, math.nan), (2.0, 3.0), (3.0, math.inf), (4.0, 2.0), (5.0, 4.0)]
    return line_chart(
        [Series(name=label, points=points), Series(name=label, points=[], marks=True)],
        x_label=label,
        y_label=label,
        uprights=[(2, label)],
        levels=[(1, label)],
        diagonal=True,
        key="k",
        title=label,
        describe=label,
    )


def dots(label: str) -> Svg:
    rows = [
        Row(label=label, value=None),
        Row(label=label, value=0.5, low=0.1, high=0.7, shown=label),
    ]
    return dot_rows(
        rows, x_label=label, reference=(0.2, label), key="k", title=label, describe=label
    )


def bars(label: str) -> Svg:
    rows = [Row(label=label, value=-1, wrong=True), Row(label=label, value=2, low=1, high=3)]
    return bar_rows(rows, x_label=label, key="k", title=label, describe=label)


def pairs(label: str) -> Svg:
    found = [Pair(label=label, first=0.1, second=0.9, tip=label)]
    return pair_rows(found, x_label=label, key="k", title=label, describe=label)


def heat(label: str) -> Svg:
    counts = [[3, 1, 0], [0, 0, 0], [1, 1, 9]]
    return confusion_chart(counts, [label, label, "c"], key="k", title=label, describe=label)


def columns(label: str) -> Svg:
    return density_columns(
        [0, 1, 5], [0.5, 0.5], x_label=label, key="k", title=label, describe=label
    )


def times(label: str) -> Svg:
    nothing = [math.nan, 0.5]
    return timeline(
        [
            Stack(title=label, layers=[Layer(name=label, values=[1, 2], tone="s0")]),
            Spread(
                title=label, middle=nothing, high=nothing, most=nothing, names=(label,) * 3,
                unit="seconds",
            ),
            Dots(title=label, groups=[(label, "s1", [(0, 0.1), (1, 10)]), (label, "s0", [])]),
        ],
        edges=[0, 1, 2],
        strip=[Span(name=label, start=0, end=2, tip=label)],
        lanes=[
            Lane(name=label, spans=[Span(start=0, end=2, tip=label)]),
            Lane(name=label, spans=[Span(start=1, end=1), Span(start=2, end=2)], kind="work"),
            Lane(name=label, spans=[Span(start=1.9, end=1.9)], kind="moment"),
            Lane(name=label, spans=[]),
        ],
        tips=[label, ""],
        x_label=label,
        key="k",
        title=label,
        describe=label,
    )  # fmt: skip


KINDS: list[Callable[[str], Svg]] = [lines, dots, bars, pairs, heat, columns, times]
HOSTILE = [
    "</svg><script>alert(1)</script>",
    '" onload="alert(1)" x="',
    "' onclick='x",
    "javascript:alert(1)",
    "<![CDATA[ & &amp; ]]>",
    "<!-- -->",
    "\x00\x1b\x7f\ud800\uffff",
    "\u202egnp.exe",
    "x" * 200,
    "",
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("label", HOSTILE)
def test_no_label_gets_out_of_its_place(kind: Callable[[str], Svg], label: str) -> None:
    parse(kind(label))


@pytest.mark.parametrize("value", HOSTILE)
def test_no_attribute_gets_out_of_its_quotes(value: str) -> None:
    made = ET.fromstring(element("g", class_=value))
    assert made.attrib == {"class": clean(value)}
    assert not list(made)


@settings(max_examples=40)
@given(st.text())
def test_any_text_is_a_label(label: str) -> None:
    for kind in KINDS:
        parse(kind(label))


def test_dots_are_where_the_numbers_are() -> None:
    rows = [
        Row(label="a", value=v, low=v - 0.1, high=v + 0.1, shown="0.123") for v in (0.2, 0.4, 0.8)
    ]
    root = parse(dot_rows(rows, x_label="x", x_range=(0, 1), **COMMON))
    xs = [float(each.get("cx", "")) for each in of_class(root, "dot")]
    assert (xs[2] - xs[1]) == pytest.approx(2 * (xs[1] - xs[0]), abs=0.15)
    for x, whisker in zip(xs, of_class(root, "whisker"), strict=True):
        start, end = whisker.get("d", "").split("L")
        low, high = float(start[1:].split()[0]), float(end.split()[0])
        assert x - low == pytest.approx(high - x, abs=0.15)
        assert x - low == pytest.approx((xs[1] - xs[0]) / 2, abs=0.15)
    ys = [float(each.get("cy", "")) for each in of_class(root, "dot")]
    assert ys == sorted(ys)


def test_bars_start_at_zero_and_are_as_long_as_the_numbers() -> None:
    rows = [Row(label="a", value=v) for v in (10, 40, -20)]
    root = parse(bar_rows(rows, x_label="x", **COMMON))
    lengths = [float(each.get("width", "")) for each in of_class(root, "bar")]
    assert lengths[1] == pytest.approx(4 * lengths[0], abs=0.3)
    assert lengths[2] == pytest.approx(2 * lengths[0], abs=0.3)
    left = [float(each.get("x", "")) for each in of_class(root, "bar")]
    assert left[0] == left[1] == pytest.approx(left[2] + lengths[2], abs=0.15)


def test_areas_of_a_histogram_are_shares() -> None:
    root = parse(density_columns([0, 1, 2, 6], [0.2, 0.3, 0.5], x_label="x", **COMMON))
    areas = [float(e.get("width", "")) * float(e.get("height", "")) for e in of_class(root, "bin")]
    total = sum(areas)
    assert [area / total for area in areas] == pytest.approx([0.2, 0.3, 0.5], abs=0.01)


@pytest.mark.parametrize(
    "edges", [[0.0, 0.0], [5.0, 5.0, math.nextafter(5, 6), 5.0], [1e300, 1e301], [-1e308, 1e308]]
)
def test_a_histogram_of_one_value_or_the_largest(edges: list[float]) -> None:
    root = parse(density_columns(edges, [1.0] * (len(edges) - 1), x_label="x", **COMMON))
    assert of_class(root, "bin")


def test_columns_are_as_high_as_the_counts() -> None:
    root = parse(
        bin_columns([5, 0, 10], middles=[0.1, 0.5, 0.9], x_label="x", y_label="y", **COMMON)
    )
    heights = [float(each.get("height", "")) for each in of_class(root, "bin")]
    assert len(heights) == 2
    assert heights[1] == pytest.approx(2 * heights[0], abs=0.15)


@pytest.mark.parametrize("classes", [2, 3, 10, 13, 60])
def test_a_matrix_has_every_count(classes: int) -> None:
    counts = [[(i * 7 + j * 3) % 5 for j in range(classes)] for i in range(classes)]
    labels = [f"class {i}" for i in range(classes)]
    root = parse(confusion_chart(counts, labels, **COMMON))
    shown = [
        e
        for e in root.iter(f"{SVG}text")
        if any(c.startswith("t") for c in (e.get("class") or "").split())
    ]
    numbers = [e.text for e in shown if "share" not in (e.get("class") or "")]
    assert numbers == [str(n) for n in itertools.chain(*counts) if n]
    for each in of_class(root, "right"):
        assert (each.get("class") or "").split()[1].startswith("r")
    assert len(of_class(root, "right")) == classes
    # What colour says must be said by the number's class too: text is chosen for its shade.
    for cell, text in zip(
        [c for c in of_class(root, "cell") if (c.get("class") or "").split()[1][1] != "0"],
        [e for e in shown if "share" not in (e.get("class") or "")],
        strict=True,
    ):
        assert f"t{(cell.get('class') or '').split()[1]}" in (text.get("class") or "").split()


def test_gaps_are_gaps_and_lone_points_are_seen() -> None:
    root = parse(lines("a"))
    drawn = [each for each in of_class(root, "line") if each.tag == f"{SVG}path"]
    # One run of two points, two lone ones, and a sample of the line beside its name.
    assert len(drawn) == 2
    assert len(of_class(root, "dot")) == 2


def test_charts_without_data() -> None:
    nothing = line_chart([], x_label="x", y_label="y", **COMMON)
    for svg in (
        nothing,
        dot_rows([], x_label="x", **COMMON),
        bar_rows([], x_label="x", **COMMON),
        pair_rows([], x_label="x", **COMMON),
        bin_columns([], middles=[], x_label="x", y_label="y", **COMMON),
    ):
        parse(svg)


def test_an_axis_of_shares_starts_below_all_that_is_drawn() -> None:
    rows = [Row(label="a", value=0.95, low=0.91), Row(label="b", value=None)]
    assert axis_floor(rows) == 0.9
    assert axis_floor(rows, 0.44) == 0.4
    assert axis_floor([]) == 1.0
