"""A report for whoever runs tests: one suite, a case for everything that had to hold. Pure.

There is no standard of this format; what is written is what the parsers of Jenkins, GitLab and
GitHub's actions take: `testsuites`, `testsuite`, `testcase`, `failure`, `error`, `system-out`.
"""

from collections.abc import Iterable, Sequence
from xml.etree import ElementTree as ET

from deployer.drills.report.model import Report
from deployer.drills.report.phrases import AIMS, amount, seconds_words
from deployer.reports.charts.text import clean

__all__ = ["junit"]

_SECOND = 19


def junit(reports: Sequence[Report], *, broken: Iterable[tuple[str, str]] = ()) -> str:
    """Return one document with a suite for each report.

    Args:
        reports: in order.
        broken: drills without a report: name, and why there is none.

    """
    root = ET.Element("testsuites", name="deployer drills")
    for report in reports:
        _suite(root, report)
    for name, why in broken:
        suite = ET.SubElement(root, "testsuite", name=f"drill.{clean(name)}")
        case = _case(suite, name, "the drill runs")
        _say(case, "error", why)
        _count(suite, 0.0)
    for kind in ("tests", "failures", "errors", "skipped"):
        root.set(kind, str(sum(int(suite.get(kind, "0")) for suite in root)))
    root.set("time", f"{sum(float(suite.get('time', '0')) for suite in root):.3f}")
    ET.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, "unicode") + "\n"


def _suite(root: ET.Element, report: Report) -> None:
    name = report.scenario.name
    suite = ET.SubElement(root, "testsuite", name=f"drill.{clean(name)}")
    suite.set("timestamp", report.run.began[:_SECOND])
    facts = {
        "title": report.scenario.title,
        "disclaimer": report.disclaimer,
        "rto": seconds_words(report.figures.rto),
        "commit": report.run.commit,
        "operator": report.run.operator,
    }
    properties = ET.SubElement(suite, "properties")
    for key, value in facts.items():
        ET.SubElement(properties, "property", name=key, value=clean(value))
    for aim in report.objectives:
        if aim.wanted is None:
            continue
        wanted, got = amount(aim.name, aim.wanted), amount(aim.name, aim.got)
        case = _case(suite, name, f"objective: {AIMS[aim.name]} at most {wanted}")
        if aim.met is False:
            _say(case, "failure", f"measured {got}, at most {wanted} was wanted")
    for check in report.checks:
        case = _case(suite, name, f"{check.phase}: {check.name}")
        if not check.ok:
            _say(case, "failure", f"expected {check.expected}, seen {check.seen}")
    case = _case(suite, name, "every object is intact")
    damaged = [f"{each.cloud}: {each.key}" for each in report.figures.damaged]
    if damaged:
        _say(case, "failure", f"damaged: {'; '.join(damaged)}")
    case = _case(suite, name, "everything is rolled back")
    if report.rollback.failed:
        _say(case, "failure", f"not rolled back: {'; '.join(report.rollback.failed)}")
    case = _case(suite, name, "the drill runs to its end")
    wrong = [*report.figures.gaps, *report.figures.errors]
    if wrong:
        _say(case, "error", "; ".join(wrong))
    ET.SubElement(suite, "system-out").text = clean(f"{report.verdict} {report.disclaimer}")
    _count(suite, report.run.seconds)


def _case(suite: ET.Element, drill: str, name: str) -> ET.Element:
    return ET.SubElement(
        suite, "testcase", classname=f"drill.{clean(drill)}", name=clean(name), time="0"
    )


def _say(case: ET.Element, kind: str, message: str) -> None:
    shown = clean(message)
    ET.SubElement(case, kind, message=shown, type=kind).text = shown


def _count(suite: ET.Element, seconds: float) -> None:
    cases = suite.findall("testcase")
    suite.set("tests", str(len(cases)))
    suite.set("failures", str(sum(case.find("failure") is not None for case in cases)))
    suite.set("errors", str(sum(case.find("error") is not None for case in cases)))
    suite.set("skipped", "0")
    suite.set("time", f"{seconds:.3f}")
