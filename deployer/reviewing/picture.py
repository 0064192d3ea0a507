"""A picture of what hangs on what: one panel for each program, needs to the left of what needs them."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from deployer.reports.charts.svg import Svg, chart, element, group, number, text, words
from deployer.reports.charts.text import clean, shorten
from deployer.reviewing.review import LEVELS, Part, Review
from deployer.reviewing.words import MARKS, VERBS, counts_words, place_words, summary_words
from infra.review.graph import Edge, Graph, Node, graph

__all__ = ["review_picture"]

_BOX = (196.0, 36.0)
_GAP = (64.0, 10.0)
_MARGIN = 24.0
_HEAD = 34.0
_ROWS = 14
_LETTERS = 24
_NARROWEST = 720.0

# Light and dark. Written out twice, for not every viewer knows CSS variables.
_PALETTE = {
    "paper": ("#ffffff", "#111418"),
    "ink": ("#16191d", "#e8ebef"),
    "soft": ("#545d69", "#a5aebb"),
    "box": ("#f6f7f9", "#1d222a"),
    "line": ("#b9c1cb", "#454e5a"),
    "edge": ("#8b95a3", "#77818f"),
    "create": ("#00705a", "#3cc9a4"),
    "update": ("#8a5a00", "#e8b04a"),
    "replace": ("#8a1f70", "#d894c4"),
    "delete": ("#b03a00", "#ff9b68"),
    "bad": ("#c02020", "#ff7b72"),
}
_SHAPES = (
    "svg.review { font: 12px system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', Arial, "
    "sans-serif; } .title { font-size: 15px; font-weight: 600; } .type { font-size: 10.5px; } "
    ".name { font-weight: 600; } .edge { fill: none; stroke-opacity: 0.5; } "
    ".needs { stroke-dasharray: 3 3; } .delete .box { stroke-dasharray: 4 3; } "
    ".sign { font-weight: 700; font-size: 14px; text-anchor: end; } "
    ".count { font-size: 10px; font-weight: 700; text-anchor: middle; }"
)


def _colours(theme: int) -> str:
    colour = {name: both[theme] for name, both in _PALETTE.items()}
    rules = [
        f".paper, .count {{ fill: {colour['paper']}; }}",
        f".title, .name {{ fill: {colour['ink']}; }}",
        f".note, .type, .sign {{ fill: {colour['soft']}; }}",
        f".box {{ fill: {colour['box']}; stroke: {colour['line']}; }}",
        f".bar {{ fill: {colour['line']}; }}",
        f".edge {{ stroke: {colour['edge']}; }}",
        f".bad {{ fill: {colour['bad']}; }}",
    ]
    kinds = ("create", "update", "replace", "delete")
    rules += [f".{kind} .bar, .{kind} .sign {{ fill: {colour[kind]}; }}" for kind in kinds]
    return " ".join(rules)


def _style() -> Svg:
    dark = f"@media (prefers-color-scheme: dark) {{ {_colours(1)} }}"
    return element("style", words(f"{_SHAPES} {_colours(0)} {dark}"))


class Spot(NamedTuple):
    """Where a box is: its upper left corner."""

    x: float
    y: float


class Panel(NamedTuple):
    """One program, drawn from (0, 0)."""

    body: Svg
    width: float
    height: float


def review_picture(review: Review, *, title: str = "Infrastructure") -> str:
    """Return an SVG document, for light and dark pages; boxes tell more when pointed at."""
    panels = [_panel(part, _bad(review, part)) for part in review.parts]
    width = max([_NARROWEST, *(each.width for each in panels)]) + 2 * _MARGIN
    at = _MARGIN + _HEAD
    drawn = []
    for each in panels:
        drawn.append(
            element("g", each.body, transform=f"translate({number(_MARGIN)} {number(at)})")
        )
        at += each.height + _MARGIN
    height = at + 18
    return chart(
        _style(),
        element("rect", width=width, height=height, class_="paper"),
        text(
            _MARGIN, _MARGIN + 4, shorten(f"{title}: {summary_words(review)}", 110), class_="title"
        ),
        *drawn,
        _legend(_MARGIN, height - 14),
        key="review",
        title=clean(title),
        describe=_described(review),
        width=width,
        height=height,
        class_="review",
        sized=True,
    )


def _described(review: Review) -> str:
    told = (
        f"{part.name}: {sum(not r.component for r in part.program)} resources"
        for part in review.parts
    )
    return clean(f"{', '.join(told)}. {summary_words(review)}.")


def _bad(review: Review, part: Part) -> Mapping[str, list[str]]:
    """Return the findings that count, by resource."""
    found: dict[str, list[str]] = {}
    for owner, each in review.counting:
        if owner is part and each.severity in LEVELS[:3]:
            found.setdefault(each.urn, []).append(f"{each.rule}: {each.message}")
    return found


def _panel(part: Part, bad: Mapping[str, list[str]]) -> Panel:
    whole = graph(part.program)
    kinds = {each.urn: str(each.kind) for each in part.changes}
    spots, width, height = _spots(whole)
    boxes = [
        _box(part, each, spots[each.urn], kinds.get(each.urn, "same"), bad.get(each.urn, ()))
        for each in whole.nodes
        if each.urn in spots
    ]
    gone, height, wide = _gone(part, height)
    lines = [_edge(each, spots) for each in whole.edges if each.kind != "parent"]
    where = f" {part.program.region}" if part.program.region else ""
    count = dict.fromkeys(MARKS, 0)
    for change in part.changes:
        count[change.kind] += 1
    head = text(0, 14, shorten(f"{part.name}{where}: {counts_words(count)}", 100), class_="note")
    return Panel(group(head, *lines, *boxes, *gone), max(width, wide), height)


def _spots(whole: Graph) -> tuple[dict[str, Spot], float, float]:
    """Return where each box is, and the size of all: a layer that is too long becomes columns."""
    spots: dict[str, Spot] = {}
    column, most = 0, 0
    for layer in whole.layers:
        members = [each for each in layer if not each.component]
        members = [each for each in members if not each.type.startswith("pulumi:pulumi:")]
        for start in range(0, len(members), _ROWS):
            chunk = members[start : start + _ROWS]
            for row, each in enumerate(chunk):
                spots[each.urn] = Spot(
                    column * (_BOX[0] + _GAP[0]), _HEAD - 10 + row * (_BOX[1] + _GAP[1])
                )
            most = max(most, len(chunk))
            column += 1
    width = max(0.0, column * (_BOX[0] + _GAP[0]) - _GAP[0])
    return spots, width, _HEAD - 10 + most * (_BOX[1] + _GAP[1])


def _gone(part: Part, top: float) -> tuple[list[Svg], float, float]:
    """Return boxes of what is deleted, below the others."""
    deleted = [each for each in part.changes if each.kind == "delete"]
    if not deleted:
        return [], top, 0.0
    across = 4
    drawn = []
    for index, each in enumerate(deleted):
        spot = Spot(
            index % across * (_BOX[0] + _GAP[0]), top + 8 + index // across * (_BOX[1] + _GAP[1])
        )
        node = Node(each.urn, each.type, each.name, 0, 0, place=each.place)
        drawn.append(_box(part, node, spot, "delete", ()))
    rows = -(-len(deleted) // across)
    width = min(across, len(deleted)) * (_BOX[0] + _GAP[0])
    return drawn, top + 8 + rows * (_BOX[1] + _GAP[1]), width


def _box(part: Part, node: Node, spot: Spot, kind: str, bad: Sequence[str]) -> Svg:
    token = node.type.partition(":")[2].rpartition(":")
    short = token[0].split("/")[0]
    shown = f"{short}: {token[2]}" if short else token[2] or node.type
    where = place_words(part, node.place)
    tip = "\n".join(filter(None, (f"{node.type} {node.name}", VERBS[kind], where, *bad)))
    width, height = _BOX
    parts = [
        element("rect", x=spot.x, y=spot.y, width=width, height=height, rx=5, class_="box"),
        element("rect", x=spot.x, y=spot.y + 4, width=4, height=height - 8, rx=2, class_="bar"),
        text(spot.x + 12, spot.y + 15, shorten(node.name, _LETTERS), class_="name"),
        text(spot.x + 12, spot.y + 29, shorten(shown, _LETTERS + 2), class_="type"),
    ]
    if kind != "same":
        parts.append(text(spot.x + width - 8, spot.y + 23, MARKS[kind], class_="sign"))
    if bad:
        parts.append(element("circle", cx=spot.x + width, cy=spot.y, r=8, class_="bad"))
        parts.append(text(spot.x + width, spot.y + 3.5, str(len(bad)), class_="count"))
    return group(*parts, class_=f"node {kind}", tip=tip)


def _edge(edge: Edge, spots: Mapping[str, Spot]) -> Svg:
    """Return a curve from what is needed to what needs it."""
    if edge.source not in spots or edge.target not in spots:
        return Svg("")
    needed, needs = spots[edge.target], spots[edge.source]
    x1, y1 = needed.x + _BOX[0], needed.y + _BOX[1] / 2
    x2, y2 = needs.x, needs.y + _BOX[1] / 2
    bend = max(24.0, min(90.0, (x2 - x1) / 2))
    points = (x1, y1, x1 + bend, y1, x2 - bend, y2, x2, y2)
    shown = [number(each) for each in points]
    d = f"M{shown[0]} {shown[1]}C{' '.join(shown[2:])}"
    dashed = " needs" if edge.kind == "dependency" else ""
    return element("path", d=d, class_=f"edge{dashed}")


def _legend(x: float, y: float) -> Svg:
    shown = []
    for kind in ("create", "update", "replace", "delete"):
        word = f"{MARKS[kind]} {VERBS[kind]}"
        shown.append(
            group(
                element("rect", x=x, y=y - 9, width=4, height=11, rx=2, class_="bar"),
                text(x + 10, y, word, class_="note"),
                class_=kind,
            )
        )
        x += 96
    shown.append(
        text(
            x,
            y,
            "lines: from what is needed to what needs it; a red number: findings",
            class_="note",
        )
    )
    return group(*shown)
