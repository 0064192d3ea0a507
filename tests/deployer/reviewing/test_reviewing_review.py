"""What a review concludes."""

from datetime import date

from deployer.reviewing.planning import suppressions_of
from deployer.reviewing.review import Subject
from deployer.settings import InfraSettings, InfraSuppression, Settings
from infra.policy.suppress import Suppression
from tests.deployer.reviewing.reviewing_kit import (
    changing,
    open_bucket,
    reviewed,
    three_clouds,
)
from tests.infra.review.review_programs_kit import aws, config, gcp, program, resource


def test_a_severe_finding_fails_it_and_an_asked_for_level_decides() -> None:
    found = reviewed(open_bucket())
    severities = {each.severity for _, each in found.counting}
    assert "high" in severities
    assert found.failed
    assert not reviewed(open_bucket(), fail_on="").failed
    mild = reviewed(program(cloud="aws"), fail_on="low")
    assert not mild.failed


def test_findings_stand_worst_first() -> None:
    order = ["critical", "high", "medium", "low"]
    levels = [order.index(each.severity) for _, each in reviewed(open_bucket()).all_findings]
    assert levels == sorted(levels)


def test_what_is_suppressed_does_not_count_and_is_kept() -> None:
    every = {each.rule for _, each in reviewed(open_bucket()).counting}
    let = [Suppression(rule, "*", "known", "2026-12-31") for rule in every]
    found = reviewed(open_bucket(), suppressions=let)
    assert not found.failed
    assert found.counting == ()
    assert {each.suppressed for _, each in found.all_findings} == {"known"}
    ended = reviewed(open_bucket(), suppressions=let, today=date(2027, 1, 1))
    assert ended.failed


def test_a_suppression_for_one_cloud_is_not_idle_for_the_others() -> None:
    rule = next(each.rule for _, each in reviewed(open_bucket()).counting)
    let = [Suppression(rule, "open", "known", "2026-12-31")]
    found = reviewed(open_bucket(), program(cloud="gcp"), suppressions=let)
    assert "DEP000" not in {each.rule for _, each in found.all_findings}
    idle = reviewed(program(cloud="aws"), program(cloud="gcp"), suppressions=let)
    assert [each.rule for _, each in idle.all_findings].count("DEP000") == 1


def test_differences_between_clouds_can_be_let_pass_too() -> None:
    rule = next(each.rule for _, each in three_clouds().counting if each.rule.startswith("PAR"))
    own = InfraSettings(
        suppress=[InfraSuppression(rule=rule, resource="*", reason="slow", until="2027-01-01")]
    )
    found = three_clouds(suppressions=suppressions_of(Settings(infra=own)))
    assert rule not in {each.rule for _, each in found.counting}
    assert ("slow", "2027-01-01") in {(e.suppressed, e.until) for _, e in found.all_findings}


def test_findings_about_all_clouds_know_the_program_of_their_resource() -> None:
    found = three_clouds()
    (pair,) = [(part, each) for part, each in found.counting if each.rule == "PAR008"]
    assert pair[0] is not None
    assert pair[0].name in ("aws", "gcp")


def test_nothing_changes_against_itself() -> None:
    one = open_bucket()
    assert not reviewed(Subject(one, one)).changed
    assert reviewed(one).changed
    assert changing().counts == {"delete": 1, "replace": 1, "update": 1, "create": 1, "same": 1}


def test_an_estimate_above_the_budget_is_told() -> None:
    tight, wide = (Subject(aws(), config=config("aws", budget=n)) for n in (1, 100_000))
    assert [e.rule for _, e in reviewed(tight).all_findings if e.rule == "BUD001"] == ["BUD001"]
    assert not [e for _, e in reviewed(wide).all_findings if e.rule == "BUD001"]


def test_what_could_not_be_followed_is_told_with_its_program() -> None:
    import msgspec

    noted = msgspec.structs.replace(gcp(), notes=("a stack reference stays unknown",))
    found = reviewed(noted, notes=["the digest is not known"])
    assert found.notes == ("the digest is not known", "gcp: a stack reference stays unknown")


def test_resources_outside_of_the_binding_are_found() -> None:
    from infra.policy.model import Demands

    one = program(
        resource("aws:s3/bucket:Bucket", "b", region="us-east-1"),
        cloud="aws",
        region="eu-central-1",
    )
    found = reviewed(Subject(one, demands=Demands(residency=("EU",))))
    assert "RES001" in {each.rule for _, each in found.counting}
    assert found.failed
    here = program(resource("pulumi-python:dynamic:Server", "s"), cloud="local", region="local")
    found = reviewed(Subject(here, demands=Demands(residency=("EU",))))
    assert found.all_findings == ()
    assert found.cost.not_estimated == {}
