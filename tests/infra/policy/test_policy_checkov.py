"""Our verdicts on AWS are Checkov's, resource by resource; where they are not, the reason is told.

Resources are compared by name: what is wrong with a part of a bucket we find at the part, Checkov at
the bucket, and in our programs both have one name.
"""

import json
import os
import shutil
import subprocess
from collections import defaultdict
from pathlib import Path

import pytest

from infra.policy.catalog import RULES
from tests.infra.policy.policy_kit import Case, cases, problems, recorded
from tests.infra.policy.terraform_kit import address, plan

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]
BY_ID = {
    each.id: each
    for each in RULES
    if each.check.__module__.rpartition(".")[2].startswith("aws_")
    and any(one.startswith("CKV") for one in each.public)
}
CASES = tuple(each for each in cases() if each.rule in BY_ID)

# Programs in which only one of us finds some resource, and why.
ONLY_OURS = {
    "dep002_bad": "CKV_AWS_379 looks at buckets with an aws_s3_bucket_acl alone",
    "dep002_bad_policy": "CKV_AWS_379 looks at buckets with an aws_s3_bucket_acl alone",
    "dep002_bad_objects": "CKV_AWS_379 looks at buckets with an aws_s3_bucket_acl alone",
    "dep005_bad": "CKV_AWS_143 says nothing of a bucket without object_lock_configuration",
    "dep007_bad_missing": "CKV2_AWS_65 judges ownership controls, not buckets without them",
    "dep014_bad_action": "CKV_AWS_60 and 61 look at principals, not at actions",
    "dep015_bad_condition": "CKV_AWS_33 passes whatever has a condition",
    "dep017_bad_rules": "CKV_AWS_277 and 382 pass rules of a VPC that name no port, so all of them",
    "dep018_bad": "CKV_AWS_334 reads the property `privilege`; ECS calls it `privileged`",
    "dep019_bad_secret": "the recorder has taken the secret out before Checkov could see it",
    "dep020_bad_authorizer": "CKV_AWS_309 reads the type of authorisation, not the authoriser",
    "dep020_bad_remembered": "Checkov has nothing on what authorisers remember",
    "dep037_bad_key": "CKV_AWS_72 looks at queues alone",
    "dep039_bad_policy": "CKV_AWS_364 looks at permissions of functions alone",
    "dep039_bad_role": "CKV_AWS_364 looks at permissions of functions alone",
    "dep039_bad_unnamed": "CKV_AWS_364 looks at permissions of functions alone",
    "dep043_bad_bucket": "CKV_AWS_145, of DEP006, passes every key of KMS, AWS's own, too",
    "dep043_bad_theirs": "CKV_AWS_26 passes every key of KMS, AWS's own, too",
    "dep048_bad_tags": "Checkov has nothing on what a service's tasks are tagged with",
    "dep048_bad_task": "Checkov has nothing on a container without logs",
    "dep050_bad": "CKV_AWS_319 reads whether actions are enabled, not whether there are any",
    "dep050_bad_budget": "Checkov has nothing on budgets",
    "dep050_bad_subscribers": "Checkov has nothing on budgets",
    "dep051_bad_stage": "Checkov has nothing on throttling of HTTP APIs",
}
ONLY_THEIRS = {
    "dep004_bad_missing": "Checkov follows references, not literal names, from part to bucket",
    "dep010_bad": "CKV_AWS_144 wants the copy to be copied, too",
    "dep010_good": "CKV_AWS_144 wants the copy to be copied, too",
    "dep014_good_condition": "CKV_AWS_61 does not look at conditions such as sts:ExternalId",
    "dep038_good": "CKV_AWS_301 does not look at principal_org_id",
    "dep051_good_authorizer": "CKV_AWS_115 would hold an authoriser's own number, too",
}


@pytest.fixture(scope="module")
def failed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, set[str]]]:
    """Program → id of Checkov's check → addresses that fail it; Checkov is run once."""
    folder = tmp_path_factory.mktemp("plans")
    for case in CASES:
        (folder / f"{case.path.stem}.json").write_text(json.dumps(plan(recorded(case))))
    ids = [each for rule in BY_ID.values() for each in rule.public if each.startswith("CKV")]
    result = subprocess.run(
        [
            _checkov(),
            *("--directory", str(folder), "--framework", "terraform_plan"),
            *("--check", ",".join(ids), "--output", "json", "--compact"),
            *("--skip-download", "--soft-fail"),
        ],
        capture_output=True,
        timeout=280,
        check=True,
    )
    report = json.loads(result.stdout)
    assert report["summary"]["parsing_errors"] == 0
    assert report["summary"]["resource_count"] == sum(len(_addresses(each)) for each in CASES)
    found: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for each in report["results"]["failed_checks"]:
        found[Path(each["file_path"]).stem][each["check_id"]].add(each["resource"])
    return found


def _addresses(case: Case) -> set[str]:
    return {address(each) for each in recorded(case) if each.package == "aws"}


def _checkov() -> str:
    found = shutil.which("checkov", path=str(ROOT / ".tools/checkov/bin")) or shutil.which(
        "checkov"
    )
    if found:
        return found
    if "checkov" in os.environ.get("DEPLOYER_TEST_REQUIRE", "").replace(" ", "").split(","):
        pytest.fail("checkov is required by DEPLOYER_TEST_REQUIRE, but is not installed")
    pytest.skip("checkov is not installed: make .tools/checkov/.installed")


@pytest.mark.parametrize("case", CASES, ids=lambda each: each.path.stem)
def test_verdict(case: Case, failed: dict[str, dict[str, set[str]]]) -> None:
    rule = BY_ID[case.rule]
    name = case.path.stem
    ours = {each.resource.name for each in problems(rule, case)}
    checks = failed.get(name, {})
    theirs = {one.rpartition(".")[2] for check in rule.public for one in checks.get(check, ())}
    assert bool(ours - theirs) is (name in ONLY_OURS), ours - theirs
    assert bool(theirs - ours) is (name in ONLY_THEIRS), theirs - ours


def test_every_check_has_found_something(failed: dict[str, dict[str, set[str]]]) -> None:
    """Else our verdicts would be held against silence."""
    seen = {check for checks in failed.values() for check in checks}
    for rule in BY_ID.values():
        if rule.id not in {"DEP002", "DEP005"}:  # see ONLY_OURS
            assert seen.intersection(rule.public), rule.id


def test_differences_are_of_programs_that_exist() -> None:
    assert {*ONLY_OURS, *ONLY_THEIRS} <= {each.path.stem for each in CASES}
