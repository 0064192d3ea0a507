"""A review as SARIF 2.1.0, for code scanning.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html; what GitHub reads of it is in
https://docs.github.com/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning
"""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any, NamedTuple
from urllib.parse import quote

from deployer.reports.charts.text import clean
from deployer.reviewing.review import BUDGET_RULE, Part, Review
from infra.policy.catalog import RULES
from infra.policy.model import Finding
from infra.review.parity import PARITY_RULES
from infra.review.residency_findings import RESIDENCY_RULE

__all__ = ["FINGERPRINT", "SCHEMA", "review_sarif", "rule_table"]

SCHEMA = "https://json.schemastore.org/sarif-2.1.0-rtm.5.json"
FINGERPRINT = "deployerFinding/v1"

_LEVELS = {"critical": "error", "high": "error", "medium": "warning", "low": "note"}
# What GitHub makes of them: over 9.0 critical, over 7.0 high, over 4.0 medium.
_SCORES = {"critical": "9.5", "high": "8.0", "medium": "5.5", "low": "2.0"}
_SETTINGS = "deployer.toml"


class About(NamedTuple):
    """What SARIF says about a rule."""

    id: str
    title: str
    severity: str
    mend: str
    public: tuple[str, ...] = ()


def rule_table() -> dict[str, About]:
    """Return every rule that a finding may be of, by id, in a fixed order."""
    every = [
        About(each.id, each.title, each.severity.name.lower(), each.mend, each.public)
        for each in RULES
    ]
    every += [
        About(
            rule,
            f"The clouds agree: {kind.title}",
            kind.severity,
            "give every cloud the same, or set it for one cloud on purpose in [infra.CLOUD]",
        )
        for rule, kind in sorted(PARITY_RULES.items())
    ]
    every += [
        About(
            RESIDENCY_RULE,
            "Data stays where the model is bound to",
            "high",
            "choose a region within the binding, or change residency in the settings",
        ),
        About(
            BUDGET_RULE,
            "The estimate is within the budget",
            "medium",
            "raise budget in [infra], or make it smaller: instances, memory, requests",
        ),
        About(
            "DEP000",
            "Suppressions are in use and in date",
            "medium",
            "remove the suppression, or give it a new date",
        ),
    ]
    return {each.id: each for each in every}


def review_sarif(review: Review) -> dict[str, Any]:
    """Return a review's findings as a SARIF log with one run."""
    rules = rule_table()
    for _, finding in review.all_findings:
        rules.setdefault(
            finding.rule,
            About(finding.rule, finding.title, finding.severity, finding.mend, finding.public),
        )
    order = {rule: index for index, rule in enumerate(rules)}
    seen: Counter[str] = Counter()
    results = [_result(part, each, order, seen) for part, each in _distinct(review)]
    run: dict[str, Any] = {
        "tool": {
            "driver": {
                "name": "deployer",
                "version": _version(),
                "rules": [_rule(each) for each in rules.values()],
            }
        },
        "automationDetails": {"id": "deployer/review/"},
        "columnKind": "utf16CodeUnits",
        "originalUriBaseIds": {"%SRCROOT%": {"description": {"text": "the repository's root"}}},
        "invocations": [
            {
                "executionSuccessful": True,
                "toolExecutionNotifications": [
                    {"level": "note", "message": {"text": clean(note)}} for note in review.notes
                ],
            }
        ],
        "results": results,
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _distinct(review: Review) -> Sequence[tuple[Part | None, Finding]]:
    """Return the findings without those that say the same of the same line.

    Two stacks of one program have them, and code scanning would show each twice. Of two such, one
    that counts goes before one that is let pass.
    """
    found: dict[tuple[str, str, int, str], tuple[Part | None, Finding]] = {}
    for part, each in review.all_findings:
        key = (each.rule, *_file(part, each), clean(f"{each.name}: {each.message}"))
        if key not in found or (found[key][1].suppressed and not each.suppressed):
            found[key] = (part, each)
    return tuple(found.values())


def _version() -> str:
    try:
        return version("deployer")
    except PackageNotFoundError:  # run from a tree that is not installed
        return "0"


def _rule(about: About) -> dict[str, Any]:
    mend = about.mend.rstrip(".")
    public = f" The same elsewhere: {', '.join(about.public)}." if about.public else ""
    return {
        "id": about.id,
        "name": about.id,
        "shortDescription": {"text": about.title},
        "fullDescription": {"text": f"{about.title}.{public}"},
        "help": {
            "text": f"{mend}.{public}",
            "markdown": f"**{about.title}.** To mend it: {mend}.{public}",
        },
        "defaultConfiguration": {"level": _LEVELS[about.severity]},
        "properties": {
            "tags": ["infrastructure", "security"],
            "security-severity": _SCORES[about.severity],
            "severity": about.severity,
        },
    }


def _result(
    part: Part | None, finding: Finding, order: Mapping[str, int], seen: Counter[str]
) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": finding.rule,
        "ruleIndex": order[finding.rule],
        "level": _LEVELS[finding.severity],
        "message": {"text": clean(f"{finding.name}: {finding.message}")},
        "locations": [_location(part, finding)],
        "partialFingerprints": {FINGERPRINT: fingerprint(part, finding, seen)},
        "properties": {
            "severity": finding.severity,
            "mend": clean(finding.mend),
            "property": clean(finding.property),
        },
    }
    if finding.suppressed:
        until = f" (until {finding.until})" if finding.until else ""
        result["suppressions"] = [
            {
                "kind": "external",
                "status": "accepted",
                "justification": clean(f"{finding.suppressed}{until}"),
            }
        ]
    return result


def fingerprint(part: Part | None, finding: Finding, seen: Counter[str]) -> str:
    """Return what tells this finding again: no line, no stack, no message."""
    resource = finding.urn.split("::", 1)[-1]
    key = "\0".join(
        (finding.rule, part.name if part else "", resource or finding.name, finding.property)
    )
    seen[key] += 1
    return hashlib.sha256(f"{key}\0{seen[key]}".encode()).hexdigest()[:32]


def _location(part: Part | None, finding: Finding) -> dict[str, Any]:
    uri, line = _file(part, finding)
    location: dict[str, Any] = {
        "physicalLocation": {
            "artifactLocation": {"uri": uri, "uriBaseId": "%SRCROOT%"},
            "region": {"startLine": line},
        }
    }
    if finding.urn:
        location["logicalLocations"] = [
            {
                "name": clean(finding.name),
                "fullyQualifiedName": clean(finding.urn),
                "kind": "resource",
            }
        ]
    return location


def _file(part: Part | None, finding: Finding) -> tuple[str, int]:
    """Return a relative URI and a line: where the program asked for it, else where it is set."""
    folder = part.folder if part else ""
    if finding.place is None or finding.place.file.startswith(("/", "<")):
        return (_uri([folder, "__main__.py"]) if folder else _SETTINGS), 1
    return _uri([folder, finding.place.file]), max(1, finding.place.line)


def _uri(parts: Sequence[str]) -> str:
    joined = "/".join(each.strip("/") for each in parts if each.strip("/") not in ("", "."))
    return quote(joined, safe="/-._~")
