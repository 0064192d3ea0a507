"""What the program asks Azure for: safe, tagged, and as it was looked at."""

import datetime as dt
import json

import pytest

from infra.azure.identity import BLOB_READER, CRYPTO_USER, PULLER, SECRETS_USER
from infra.contract import LIVE_PATH, OUTPUTS, READY_PATH
from infra.policy.catalog import RULES
from infra.policy.check import check
from infra.policy.model import Demands
from infra.resources import Program, Resource
from infra.router.dns import render_dns
from infra.router.model import Endpoint, Router
from tests.infra.azure.azure_program_kit import CONFIGS, GOLDEN, golden_text, programs, taggable

pytestmark = pytest.mark.parametrize("name", CONFIGS)

STATEFUL = {
    f"azure-native:{each}"
    for each in (
        "resources:ResourceGroup",
        "storage:StorageAccount",
        "storage:BlobContainer",
        "containerregistry:Registry",
        "keyvault:Vault",
        "keyvault:Key",
        "keyvault:Secret",
    )
}
APP = "azure-native:app:ContainerApp"
ENVIRONMENT = "azure-native:app:ManagedEnvironment"


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
    assert program.notes == ()
    assert program.outputs["health_path"] == "/v2/models/penguins/ready"
    assert program.outputs["bucket"] == CONFIGS[name].stores


def test_every_resource_is_the_components_child(program: Program) -> None:
    (component,) = [each for each in program if each.component]
    assert {each.parent for each in program if not each.component} == {component.urn}


def test_what_cannot_be_made_again_is_protected(program: Program) -> None:
    assert {each.type for each in program if each.protect} <= STATEFUL
    for each in program.of_type(*STATEFUL):
        assert each.protect, each.name


def test_everything_that_can_be_tagged_is(name: str, program: Program) -> None:
    tagged = [each for each in program if not each.component and taggable(each.type)]
    assert len(tagged) >= 15
    for each in tagged:
        assert each.inputs["tags"] == CONFIGS[name].tags, each.urn


def test_the_store_is_opened_by_identities_from_our_network_alone(program: Program) -> None:
    account = _one(program, "azure-native:storage:StorageAccount").inputs
    assert account["allowSharedKeyAccess"] is False
    assert account["isLocalUserEnabled"] is False
    assert account["publicNetworkAccess"] == "Disabled"
    assert account["networkRuleSet"] == {"bypass": "None", "defaultAction": "Deny"}
    assert account["encryption"]["requireInfrastructureEncryption"] is True
    doors = program.of_type("azure-native:network:PrivateEndpoint")
    kinds = [each.inputs["privateLinkServiceConnections"][0]["groupIds"] for each in doors]
    assert sorted(kinds) == [["blob"], ["vault"]]
    # Copies in other regions would be out of the residency's reach.
    assert account["sku"]["name"] == "Standard_ZRS"


def test_the_server_has_three_roles_on_three_things(name: str, program: Program) -> None:
    identity = _one(program, "azure-native:managedidentity:UserAssignedIdentity", "server")
    given = {
        each.inputs["roleDefinitionId"].rpartition("/")[2]: each
        for each in program.of_type("azure-native:authorization:RoleAssignment")
        if identity.urn in each.references["principalId"]
    }
    theirs = CONFIGS[name].keys.startswith("https://")
    assert set(given) == {BLOB_READER, PULLER} | (set() if theirs else {SECRETS_USER})
    container = _one(program, "azure-native:storage:BlobContainer")
    assert given[BLOB_READER].references["scope"] == (container.urn,)
    if not theirs:
        assert "/secrets/penguins-keys" in given[SECRETS_USER].inputs["scope"]
    others = program.of_type("azure-native:authorization:RoleAssignment")
    assert len(others) == len(given) + 1
    assert any(each.inputs["roleDefinitionId"].endswith(CRYPTO_USER) for each in others)


def test_the_server_gets_its_keys_from_the_vault_alone(name: str, program: Program) -> None:
    app = _one(program, APP).inputs
    (container,) = app["template"]["containers"]
    variables = {each["name"]: each for each in container["env"]}
    assert variables["DEPLOYER_SERVE_KEYS"] == {
        "name": "DEPLOYER_SERVE_KEYS",
        "secretRef": "serve-keys",
    }
    (secret,) = app["configuration"]["secrets"]
    assert "value" not in secret
    assert secret["keyVaultUrl"].endswith("secrets/penguins-keys")
    assert variables["PORT"]["value"] == str(app["configuration"]["ingress"]["targetPort"])
    assert variables["DEPLOYER_SERVE_MODELS"]["value"] == f"penguins@sha256:{'ab' * 32}"
    assert "0" * 64 not in str(program)
    assert "listKeys" not in json.dumps([each.inputs for each in program])


def test_it_is_started_and_kept_by_its_own_readiness(program: Program) -> None:
    (container,) = _one(program, APP).inputs["template"]["containers"]
    paths = {each["type"]: each["httpGet"]["path"] for each in container["probes"]}
    assert paths == {"Startup": READY_PATH, "Readiness": READY_PATH, "Liveness": LIVE_PATH}
    # https://learn.microsoft.com/azure/container-apps/health-probes
    assert all(each["failureThreshold"] <= 10 for each in container["probes"])


def test_it_grows_with_requests(name: str, program: Program) -> None:
    scale = _one(program, APP).inputs["template"]["scale"]
    config = CONFIGS[name]
    assert (scale["minReplicas"], scale["maxReplicas"]) == (
        config.min_instances,
        config.max_instances,
    )
    (rule,) = scale["rules"]
    assert rule["http"]["metadata"] == {"concurrentRequests": str(config.concurrency)}


def test_a_private_endpoint_has_no_address_outside(name: str, program: Program) -> None:
    public = CONFIGS[name].public
    environment = _one(program, ENVIRONMENT).inputs
    assert environment["vnetConfiguration"]["internal"] is not public
    assert environment["publicNetworkAccess"] == ("Enabled" if public else "Disabled")
    guard = _one(program, "azure-native:network:NetworkSecurityGroup", "apps").inputs
    assert len(guard["securityRules"]) == public
    assert len(program.of_type("azure-native:privatedns:PrivateRecordSet")) == (not public)
    doors = _one(program, "azure-native:network:NetworkSecurityGroup", "doors").inputs
    assert doors["securityRules"] == []


def test_the_registry_is_asked_by_identity(name: str, program: Program) -> None:
    registry = _one(program, "azure-native:containerregistry:Registry").inputs
    assert registry["adminUserEnabled"] is False
    asked = _one(program, APP).inputs["configuration"]["registries"]
    if name == "domain":
        assert registry["registryName"] == "examples"
        assert [set(each) for each in asked] == [{"server", "identity"}]
    else:
        assert asked == []


def test_the_profile_is_what_the_routers_dns_says(name: str, program: Program) -> None:
    profiles = program.of_type("azure-native:trafficmanager:Profile")
    records = program.of_type("azure-native:dns:RecordSet")
    assert len(profiles) == (name == "domain")
    assert len(records) == 2 * (name == "domain")
    if not profiles:
        return
    config = CONFIGS[name]
    endpoints = (
        Endpoint("azure", "https://azure.example.com"),
        Endpoint("gcp", "https://gcp.example.com"),
    )
    router = Router(model=config.model, endpoints=endpoints, dns_name=config.domain)
    wanted = json.loads(render_dns(router, "traffic-manager"))["properties"]
    made = profiles[0].inputs
    assert made["monitorConfig"] == wanted["monitorConfig"]
    assert made["trafficRoutingMethod"] == wanted["trafficRoutingMethod"]
    assert made["dnsConfig"]["ttl"] == wanted["dnsConfig"]["ttl"]
    (endpoint,) = made["endpoints"]
    first = wanted["endpoints"][0]
    assert (endpoint["name"], endpoint["type"]) == (first["name"], first["type"])
    assert endpoint["priority"] == first["properties"]["priority"]
    cname = next(each for each in records if each.inputs["recordType"] == "CNAME").inputs
    assert cname["cnameRecord"]["cname"].startswith(made["dnsConfig"]["relativeName"] + ".")
    assert cname["relativeRecordSetName"] == "penguins"


def test_somebody_is_told_of_errors_latency_and_restarts(name: str, program: Program) -> None:
    alerts = program.of_type("azure-native:monitor:MetricAlert")
    assert {each.name.rpartition("-")[2] for each in alerts} == {"errors", "latency", "restarts"}
    groups = program.of_type("azure-native:monitor:ActionGroup")
    assert len(groups) == bool(CONFIGS[name].alarm)
    for each in alerts:
        assert each.references.get("actions", ()) == tuple(group.urn for group in groups)
    sent = program.of_type("azure-native:monitor:DiagnosticSetting")
    assert {each.name for each in sent} == {
        f"penguins-{part}-logs" for part in ("apps", "models", "vault")
    }
