"""What a report looks like: well-formed whatever is in it, and it says what it must."""

import math
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from deployer.drills.report.build import build
from deployer.drills.report.chart import closeup_figure, timeline_figure
from deployer.drills.report.document import report_json
from deployer.drills.report.judgement import verdict
from deployer.drills.report.junit import junit
from deployer.drills.report.markdown import report_markdown
from deployer.drills.report.model import Report
from deployer.drills.report.page import report_page
from deployer.drills.report.phrases import amount, at_words, bytes_words, seconds_words
from deployer.drills.report.terminal import terminal_lines
from deployer.drills.report.write import rendered
from tests.deployer.drills.report.evidence_kit import Story, write
from tests.deployer.reports.page_kit import read_page

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = [
    "</svg><script>alert(1)</script>",
    "\" onload='alert(1)",
    "\u202egnp.exe \x1b[31m \x00",
    "| a | b |\n# heading\n@everyone <!-- [x](http://evil)",
    "x" * 300,
]


def story(name: str, folder: Path) -> Report:
    found = {
        "good": Story(rate=40),
        "bad": Story(
            rate=40, outage=1.0, damaged=True, lost=True, failing_check=True, stuck=True,
            error="the emulator of gcp did not answer",
        ),
        "without endpoints": Story(endpoints=False, rto=20.0),
    }[name]  # fmt: skip
    return build(write(folder, found))


NAMES = ("good", "bad", "without endpoints")


@pytest.mark.parametrize("name", NAMES)
def test_every_format_says_what_it_must(name: str, tmp_path: Path) -> None:
    report = story(name, tmp_path)
    texts = {**rendered(report)}
    texts.pop("report.schema.json")
    texts["terminal"] = "\n".join("".join(s.text for s in line) for line in terminal_lines(report))
    for kind, text in texts.items():
        assert "not against production" in text, kind
        plain = re.sub(r"\\(.)", r"\1", text)
        for said in re.split(r"(?<=[.:;]) ", report.verdict):
            assert said in plain, (kind, said)


@pytest.mark.parametrize("name", NAMES)
def test_the_page_is_well_formed_and_needs_nothing(name: str, tmp_path: Path) -> None:
    html = report_page(story(name, tmp_path))
    page = read_page(html)
    assert page.unbalanced == []
    assert page.comments == []
    names = {each for each, _ in page.elements}
    assert not names & {"script", "img", "iframe", "link", "form", "object", "base"}
    assert [a["href"] for a in page.named("a") if not a["href"].startswith("#")] == []
    assert "default-src 'none'" in next(
        m["content"] for m in page.named("meta") if "http-equiv" in m
    )
    identifiers = [a["id"] for _, a in page.elements if "id" in a]
    assert len(identifiers) == len(set(identifiers))
    anchors = {a["href"][1:] for a in page.named("a")}
    assert anchors <= set(identifiers)


def test_the_page_shows_everything_that_an_auditor_asks_for(tmp_path: Path) -> None:
    report = story("bad", tmp_path)
    text = " ".join(" ".join(read_page(report_page(report)).texts["main"]).split())
    for expected in (
        report.scenario.why, report.scenario.must, report.scenario.scope, report.scenario.excluded,
        "verification, retries", "primary (aws, priority 0), standby (gcp, priority 1) behind envoy",
        report.run.commit, report.run.operator, report.run.platform, "1.36.2",
        "Configuration that was tested",
        "Before: the steady state", "While it was broken", "After: the steady state again",
        "Rollback: not complete", "missing on azure", "nearest rank", "open loop",
        "endpoint:primary is killed", "+15.500 s", "HTTP 503", "deployer repair",
        *(each.sha256 for each in report.evidence),
        *(each.path for each in report.evidence),
        "This report is not signed",
    ):  # fmt: skip
        assert expected in text, expected
    for name, digest in report.run.configuration.items():
        assert text.count(f"{name}{digest}") == 2, "as what was tested, and as a file"


def test_the_markdown_names_the_configuration_that_was_tested(tmp_path: Path) -> None:
    report = story("good", tmp_path)
    text = report_markdown(report).replace("\\", "")
    for name, digest in report.run.configuration.items():
        assert f"- **SHA-256 of {name}**: {digest}\n" in text


def charts(report: Report) -> list[ET.Element]:
    found = [timeline_figure(report), closeup_figure(report)]
    return [ET.fromstring(each.svg) for each in found if each is not None]


@pytest.mark.parametrize("name", NAMES)
def test_nothing_in_a_chart_is_outside_of_it(name: str, tmp_path: Path) -> None:
    for root in charts(story(name, tmp_path)):
        _, _, wide, high = map(float, root.get("viewBox", "").split())
        for each in root.iter():
            for attribute, limit in (("x", wide), ("y", high), ("cx", wide), ("cy", high)):
                assert -0.1 <= float(each.get(attribute, "0")) <= limit + 0.1
            x, width = float(each.get("x", "0")), float(each.get("width", "0"))
            if each.tag == f"{SVG}rect":
                assert x + width <= wide + 0.1
            numbers = re.findall(r"-?\d+(?:\.\d+)?", each.get("d", ""))
            assert all(math.isfinite(float(n)) and float(n) <= 2000 for n in numbers)


def test_a_fault_shades_the_panels_from_its_beginning_to_its_end(tmp_path: Path) -> None:
    report = story("good", tmp_path)
    root = charts(report)[0]
    assert report.bins is not None
    low, high = report.bins.edges[0], report.bins.edges[-1]

    def place(at: float) -> float:
        return 58 + (at - low) / (high - low) * (752 - 58)

    shades = [each for each in root.iter() if each.get("class") == "shade"]
    assert len(shades) == len(report.faults) == 2
    for shade, fault in zip(shades, report.faults, strict=True):
        x, width = float(shade.get("x", "")), float(shade.get("width", ""))
        assert x == pytest.approx(place(fault.begin), abs=0.1)
        assert x + width == pytest.approx(place(min(fault.end or 0, high)), abs=0.2)


def test_failed_requests_are_drawn_where_they_were(tmp_path: Path) -> None:
    roots = charts(story("bad", tmp_path))
    labels = {"".join(each.itertext()) for each in roots[0].iter(f"{SVG}text")}
    assert {"HTTP 503", "reset", "answered right", "failed", "median"} <= labels
    moment = at_words(story("bad", tmp_path / "once more").figures.rto or 0.0)
    assert f"back: right answers only from here on, {moment}" in labels
    near = [each for each in roots[1].iter() if (each.get("class") or "") == "dot s0"]
    report = story("bad", tmp_path / "again")
    assert report.closeup is not None
    right = sum(kind == 0 for kind in report.closeup.kind)
    assert len(near) == right + 1  # and one in the legend


def test_without_endpoints_a_chart_shows_the_stores(tmp_path: Path) -> None:
    report = story("without endpoints", tmp_path)
    assert report.bins is not None
    assert list(report.bins.stores) == ["aws", "azure", "gcp"]
    met = next(each for each in report.traffic if each.listener == "store:aws")
    assert 0 < sum(report.bins.changed) == met.changed == met.failed < met.requests
    (root,) = charts(report)
    labels = {"".join(each.itertext()) for each in root.iter(f"{SVG}text")}
    assert {"Requests to stores a second", "aws", "azure", "gcp", "met by a fault"} <= labels
    assert "all mended, +12.000 s" in labels


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_of_the_evidence_gets_out_of_its_place(text: str, tmp_path: Path) -> None:
    told = Story(rate=20, operator=text, error=text, title="x", outage=0.4)
    report = build(write(tmp_path, told))
    page = read_page(report_page(report))
    assert page.unbalanced == []
    assert "script" not in {name for name, _ in page.elements}
    assert not [a for _, a in page.elements if any(name.startswith("on") for name in a)]
    ET.fromstring(junit([report]))
    for line in terminal_lines(report, verbose=True):
        assert not re.search(r"[\x00-\x1f\x7f\u202e]", "".join(span.text for span in line))
    markdown = report_markdown(report)
    assert "\n# heading" not in markdown
    assert not re.search(r"(?<!\\)<", markdown)
    assert "@everyone" not in markdown
    assert not re.search(r"(?<!\\)\]\(http", markdown)
    report_json(report).encode()


def test_junit_counts_what_fails(tmp_path: Path) -> None:
    report = story("bad", tmp_path)
    root = ET.fromstring(junit([report], broken=[("other", "did not start")]))
    suites = root.findall("testsuite")
    assert [each.get("name") for each in suites] == ["drill.bucket-gone", "drill.other"]
    for suite in suites:
        cases = suite.findall("testcase")
        assert int(suite.get("tests", "")) == len(cases)
        assert int(suite.get("failures", "")) == len(suite.findall("testcase/failure"))
        assert int(suite.get("errors", "")) == len(suite.findall("testcase/error"))
        assert len({each.get("name") for each in cases}) == len(cases)
    # Two objectives, a check, the objects, the rollback; and what the drill could not do.
    assert suites[0].get("failures") == "5"
    assert suites[0].get("errors") == "1"
    assert (root.get("tests"), root.get("failures"), root.get("errors")) == ("10", "5", "2")


def test_junit_of_a_good_drill_has_no_failure(tmp_path: Path) -> None:
    root = ET.fromstring(junit([story("good", tmp_path)]))
    assert (root.get("failures"), root.get("errors")) == ("0", "0")
    assert float(root.get("time", "")) == 22.0


def test_a_terminal_shows_less_unless_it_is_asked_for_more(tmp_path: Path) -> None:
    report = story("good", tmp_path)
    short, long = terminal_lines(report), terminal_lines(report, verbose=True)
    text = "\n".join("".join(span.text for span in line) for line in long)
    assert len(short) < len(long)
    assert "✓ steady: 20 requests in a row are answered" in text
    assert "deployer repair" in text
    mark = {"".join(span.text for span in line)[:1] for line in short}
    assert "✓" in mark
    assert "✗" not in mark


def test_a_verdict_tells_every_way_to_fail(tmp_path: Path) -> None:
    import msgspec

    good = story("good", tmp_path).figures
    gone = msgspec.structs.replace(good, rto=None, rpo=None, passed=False, errors=("x",))
    assert verdict(gone) == (
        "Failed: 1 error. What was broken did not come back. What the clouds hold was not read."
    )
    nothing = msgspec.structs.replace(good, gaps=("nothing was broken",), passed=False)
    assert verdict(nothing) == "Failed: the drill shows nothing, because nothing was broken."


def test_numbers_are_written_as_people_do() -> None:
    assert [seconds_words(each) for each in (None, 0.0, 0.0042, 0.41, 2.0, 75, 7300)] == [
        "\u2013", "0 ms", "4.2 ms", "0.41 s", "2 s", "1 min 15 s", "2 h 1 min",
    ]  # fmt: skip
    assert [at_words(each) for each in (0.0, -0.0001, 1.5, -2)] == [
        "+0.000 s", "+0.000 s", "+1.500 s", "\u22122.000 s",
    ]  # fmt: skip
    assert amount("rpo", 3.0) == "3"
    assert amount("rto", 3.0) == "3 s"
    assert bytes_words(1536) == "1.5 KiB"
