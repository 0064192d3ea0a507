"""What the program asks Google Cloud for: safe, labelled, and as it was looked at."""

import datetime as dt
import json

import pytest

from infra.contract import LIVE_PATH, OUTPUTS, READY_PATH, model_ready_path
from infra.gcp.names import labels
from infra.policy.catalog import RULES
from infra.policy.check import check
from infra.policy.model import Demands
from infra.resources import Program, Resource
from tests.infra.gcp.gcp_program_kit import (
    CONFIGS,
    GOLDEN,
    golden_text,
    label_property,
    programs,
)

pytestmark = pytest.mark.parametrize("name", CONFIGS)

STATEFUL = {
    "gcp:storage/bucket:Bucket",
    "gcp:artifactregistry/repository:Repository",
    "gcp:kms/cryptoKey:CryptoKey",
    "gcp:secretmanager/secret:Secret",
}
SERVICE = "gcp:cloudrunv2/service:Service"


@pytest.fixture
def program(name: str) -> Program:
    return programs()[name]


def _one(program: Program, type_: str, name: str = "") -> Resource:
    (found,) = [each for each in program.of_type(type_) if each.name.endswith(name)]
    return found


def test_it_is_the_golden_one(name: str, program: Program) -> None:
    assert golden_text(program) == (GOLDEN / f"{name}.json").read_text("utf-8")
    assert {path.stem for path in GOLDEN.iterdir()} == set(CONFIGS)


def test_no_policy_finds_anything(name: str, program: Program) -> None:
    demands = Demands(residency=("EU",), public=CONFIGS[name].public)
    assert len(RULES) >= 36
    assert check(program, demands, today=dt.date(2026, 1, 1)) == []


def test_it_tells_what_every_endpoint_tells(name: str, program: Program) -> None:
    assert set(program.outputs) == set(OUTPUTS)
    assert program.outputs["health_path"] == "/v2/models/penguins/ready"
    assert program.outputs["bucket"] == CONFIGS[name].stores


def test_every_resource_is_the_components_child(program: Program) -> None:
    (component,) = [each for each in program if each.component]
    assert {each.parent for each in program if not each.component} == {component.urn}


def test_what_cannot_be_made_again_is_protected(program: Program) -> None:
    assert {each.type for each in program if each.protect} <= STATEFUL
    for each in program.of_type(*STATEFUL):
        assert each.protect, each.name


def test_everything_that_can_be_labelled_is(name: str, program: Program) -> None:
    wanted = labels(CONFIGS[name])
    found = 0
    for each in program:
        key = "" if each.component else label_property(each.type)
        if key:
            assert each.inputs[key] == wanted, each.urn
            found += 1
    assert found >= 8


def test_nobody_is_named_an_invoker_and_ingress_is_as_narrow_as_can_be(
    name: str, program: Program
) -> None:
    service = _one(program, SERVICE).inputs
    assert not [each for each in program if each.type.startswith("gcp:cloudrunv2/serviceIam")]
    assert "allUsers" not in json.dumps([each.inputs for each in program])
    assert (
        service["ingress"]
        == {
            "plain": "INGRESS_TRAFFIC_ALL",
            "domain": "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER",
            "private": "INGRESS_TRAFFIC_INTERNAL_ONLY",
        }[name]
    )
    assert service["defaultUriDisabled"] is (name == "domain")


def test_the_server_gets_its_keys_from_the_secret_alone(name: str, program: Program) -> None:
    (container,) = _one(program, SERVICE).inputs["template"]["containers"]
    variables = {each["name"]: each for each in container["envs"]}
    assert "value" not in variables["DEPLOYER_SERVE_KEYS"]
    source = variables["DEPLOYER_SERVE_KEYS"]["valueSource"]["secretKeyRef"]
    assert source["version"] == "latest"
    if CONFIGS[name].keys:
        assert source["secret"] == CONFIGS[name].keys
        assert not program.of_type("gcp:secretmanager/secret:Secret")
    # Cloud Run refuses a service that sets it.
    assert "PORT" not in variables
    assert variables["DEPLOYER_SERVE_MODELS"]["value"] == f"penguins@sha256:{'ab' * 32}"
    assert "0" * 64 not in str(program)


def test_it_is_started_and_kept_by_its_own_readiness(program: Program) -> None:
    (container,) = _one(program, SERVICE).inputs["template"]["containers"]
    paths = {
        probe: container[f"{probe}Probe"]["httpGet"]["path"]
        for probe in ("startup", "readiness", "liveness")
    }
    assert paths == {"startup": READY_PATH, "readiness": READY_PATH, "liveness": LIVE_PATH}


def test_the_account_has_two_roles_and_none_on_the_project(program: Program) -> None:
    account = _one(program, "gcp:serviceaccount/account:Account")
    grants = {
        (each.type.rpartition(":")[2], each.inputs["role"])
        for each in program
        if account.urn in each.references.get("member", ())
    }
    assert grants == {
        ("BucketIAMMember", "roles/storage.objectViewer"),
        ("SecretIamMember", "roles/secretmanager.secretAccessor"),
    }
    assert not [each for each in program if each.type.startswith("gcp:projects/iAM")]
    runs_as = _one(program, SERVICE).references["template"]
    assert account.urn in runs_as


def test_nothing_that_is_live_expires(program: Program) -> None:
    bucket = _one(program, "gcp:storage/bucket:Bucket", "models")
    for rule in bucket.inputs["lifecycleRules"]:
        deletes = rule["action"]["type"] == "Delete"
        assert deletes == ("daysSinceNoncurrentTime" in rule["condition"])
        assert not deletes or rule["condition"]["withState"] == "ARCHIVED"


def test_the_balancer_is_in_the_region_and_takes_new_tls_alone(name: str, program: Program) -> None:
    proxies = program.of_type("gcp:compute/regionTargetHttpsProxy:RegionTargetHttpsProxy")
    assert len(proxies) == (name == "domain")
    assert not [each for each in program if "global" in each.type.lower()]
    for each in program:
        if each.type.startswith(("gcp:compute/", "gcp:certificatemanager/")):
            place = each.inputs.get("region", each.inputs.get("location"))
            assert place in ("europe-west3", None), each.urn
    for policy in program.of_type("gcp:compute/regionSslPolicy:RegionSslPolicy"):
        assert policy.inputs["minTlsVersion"] == "TLS_1_2"


def test_the_domains_records_are_made_with_a_zone_alone(name: str, program: Program) -> None:
    records = {
        each.inputs["name"]: each.inputs["type"]
        for each in program.of_type("gcp:dns/recordSet:RecordSet")
        if "proof" not in each.name
    }
    wanted = {"gcp.penguins.example.com.": "A", "penguins.example.com.": "A"}
    assert records == (wanted if name == "domain" else {})


def test_somebody_is_told_of_errors_latency_and_silence(name: str, program: Program) -> None:
    policies = program.of_type("gcp:monitoring/alertPolicy:AlertPolicy")
    watched = {each.name.rpartition("-")[2] for each in policies}
    public = CONFIGS[name].public
    assert watched == {"errors", "latency"} | ({"ready"} if public else set())
    checks = program.of_type("gcp:monitoring/uptimeCheckConfig:UptimeCheckConfig")
    paths = [each.inputs["httpCheck"]["path"] for each in checks]
    assert paths == [model_ready_path("penguins")] * public
    channels = program.of_type("gcp:monitoring/notificationChannel:NotificationChannel")
    assert len(channels) == bool(CONFIGS[name].alarm)
    for each in policies:
        told = set(each.references.get("notificationChannels", ()))
        assert told == {channel.urn for channel in channels}


def test_a_budget_tells_whom_alarms_tell(name: str, program: Program) -> None:
    budgets = program.of_type("gcp:billing/budget:Budget")
    assert len(budgets) == bool(CONFIGS[name].budget)
    for each in budgets:
        assert each.inputs["amount"]["specifiedAmount"] == {"units": str(CONFIGS[name].budget)}
        assert each.inputs["budgetFilter"]["labels"] == {"model": labels(CONFIGS[name])["model"]}
        assert {
            rule["spendBasis"]: rule["thresholdPercent"] for rule in each.inputs["thresholdRules"]
        } == {
            "CURRENT_SPEND": 1,
            "FORECASTED_SPEND": 1,
        }
        channels = program.of_type("gcp:monitoring/notificationChannel:NotificationChannel")
        assert each.references["allUpdatesRule"] == tuple(one.urn for one in channels) != ()
