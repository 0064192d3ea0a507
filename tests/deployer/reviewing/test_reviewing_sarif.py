"""SARIF 2.1.0, held against the schema that the standard comes with.

``sarif-2.1.0-rtm.5.json`` is as npm's ``@microsoft/jest-sarif`` has it (MIT), without white space.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # it has no types
import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from deployer.reviewing.review import Review, Subject
from deployer.reviewing.sarif import FINGERPRINT, review_sarif, rule_table
from infra.policy.model import Finding
from infra.policy.suppress import Suppression
from infra.resources import Place
from tests.deployer.reviewing.reviewing_kit import changing, open_bucket, reviewed, three_clouds
from tests.infra.review.review_programs_kit import program, resource

SCHEMA = json.loads(Path(__file__).with_name("sarif-2.1.0-rtm.5.json").read_text())
BUCKET = "aws:s3/bucket:Bucket"


def results(review: Review) -> list[dict[str, Any]]:
    log = json.loads(json.dumps(review_sarif(review)))
    jsonschema.Draft4Validator(SCHEMA).validate(log)
    found: list[dict[str, Any]] = log["runs"][0]["results"]
    return found


def test_the_schema_can_refuse() -> None:
    log = review_sarif(reviewed(open_bucket()))
    log["runs"][0]["results"][0]["level"] = "terrible"
    assert not jsonschema.Draft4Validator(SCHEMA).is_valid(log)


def test_every_review_is_valid() -> None:
    for found in (three_clouds(), changing(), reviewed(program()), reviewed(open_bucket())):
        assert len(results(found)) == len(found.all_findings)


def said(result: dict[str, Any]) -> tuple[Any, ...]:
    """Return what tells a result from another to a reader: rule, file, line and message."""
    place = result["locations"][0]["physicalLocation"]
    return (
        result["ruleId"],
        place["artifactLocation"]["uri"],
        place["region"]["startLine"],
        result["message"]["text"],
    )


def test_two_stacks_of_one_program_are_told_of_once() -> None:
    both = [Subject(open_bucket(), folder="infrastructure") for _ in range(2)]
    found = reviewed(*both)
    assert len(found.all_findings) == 2 * len(reviewed(both[0]).all_findings)
    assert len(results(found)) == len(results(reviewed(both[0]))) > 1


EMPTY = reviewed(program())
RESULT = jsonschema.Draft4Validator(
    {"definitions": SCHEMA["definitions"], "$ref": "#/definitions/result"}
)
TEXT = st.text("ab\n\x00\u202e|`ä", max_size=3)
FINDINGS = st.builds(
    Finding,
    rule=st.sampled_from(["DEP001", "PAR001", "ABC9"]),
    title=TEXT,
    severity=st.sampled_from(["critical", "high", "medium", "low"]),
    message=TEXT,
    mend=TEXT,
    urn=st.sampled_from(["", "urn:pulumi:a::p::t::n", "urn:pulumi:b::p::t::n"]),
    type=st.just("t"),
    name=TEXT,
    property=TEXT,
    place=st.none() | st.builds(Place, st.sampled_from(["a b.py", "/x", "<s>"]), st.integers(0, 2)),
    public=st.lists(TEXT, max_size=1).map(tuple),
    suppressed=st.sampled_from(["", "why"]),
    until=st.sampled_from(["", "2027-01-31"]),
)


@settings(deadline=None, max_examples=25)
@given(st.lists(FINDINGS, max_size=6))
def test_no_two_results_are_the_same_and_all_are_valid(findings: list[Finding]) -> None:
    told = told_of((*findings, *findings))
    for each in told:
        RESULT.validate(each)
    assert len({said(each) for each in told}) == len(told)
    assert len({each["partialFingerprints"][FINGERPRINT] for each in told}) == len(told)
    # Nothing that counts is lost behind what is let pass.
    counting = told_of([each for each in findings if not each.suppressed])
    kept = {said(each) for each in told if "suppressions" not in each}
    assert kept == {said(each) for each in counting}


def told_of(findings: Sequence[Finding]) -> list[dict[str, Any]]:
    found = msgspec.structs.replace(EMPTY, findings=tuple(findings))
    results: list[dict[str, Any]] = json.loads(json.dumps(review_sarif(found)))["runs"][0][
        "results"
    ]
    return results


def test_a_result_says_where_in_the_program_it_is() -> None:
    result = results(reviewed(open_bucket()))[0]
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": "aws/main.py", "uriBaseId": "%SRCROOT%"}
    assert place["region"]["startLine"] == 12
    assert result["locations"][0]["logicalLocations"][0]["kind"] == "resource"
    assert result["level"] == "error"
    assert result["ruleId"] == review_rules()[result["ruleIndex"]]


def review_rules() -> list[str]:
    log = review_sarif(reviewed(open_bucket()))
    return [each["id"] for each in log["runs"][0]["tool"]["driver"]["rules"]]


def test_uris_are_relative_and_escaped() -> None:
    odd = resource(BUCKET, "a", place=Place("my files/größe.py", 3))
    outside = resource(BUCKET, "b", place=Place("/usr/lib/component.py", 3))
    nowhere = resource(BUCKET, "c")
    found = results(reviewed(program(odd, outside, nowhere, cloud="aws")))
    uris = {
        each["locations"][0]["logicalLocations"][0]["name"]: each["locations"][0][
            "physicalLocation"
        ]["artifactLocation"]["uri"]
        for each in found
        if "logicalLocations" in each["locations"][0]
    }
    assert uris == {
        "a": "aws/my%20files/gr%C3%B6%C3%9Fe.py",
        "b": "aws/__main__.py",
        "c": "aws/__main__.py",
    }


def test_fingerprints_stay_when_lines_move_and_tell_findings_apart() -> None:
    prints = [
        [each["partialFingerprints"][FINGERPRINT] for each in results(reviewed(open_bucket(line)))]
        for line in (12, 99)
    ]
    assert prints[0] == prints[1]
    assert len(set(prints[0])) == len(prints[0])
    other = results(reviewed(program(resource(BUCKET, "another", 12), cloud="aws")))
    assert not {each["partialFingerprints"][FINGERPRINT] for each in other} & set(prints[0])


def test_suppressions_are_told_with_their_reason() -> None:
    rule = next(each.rule for _, each in reviewed(open_bucket()).counting)
    let = [Suppression(rule, "open", "known", "2026-12-31")]
    found = results(reviewed(open_bucket(), suppressions=let))
    (one,) = [each for each in found if each["ruleId"] == rule and "suppressions" in each]
    assert one["suppressions"] == [
        {"kind": "external", "status": "accepted", "justification": "known (until 2026-12-31)"}
    ]


def test_every_rule_has_an_id_a_title_and_help_and_they_do_not_change_place() -> None:
    rules = rule_table()
    assert list(rules)[:3] == ["DEP001", "DEP002", "DEP003"]
    assert {"DEP036", "PAR001", "RES001", "BUD001", "DEP000"} <= set(rules)
    assert all(each.title and each.mend for each in rules.values())
