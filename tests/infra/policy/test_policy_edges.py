"""Rules about Google Cloud, Azure, images, state, tags and residency where programs are odd."""

import importlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.policy.catalog import RULES
from infra.policy.model import Demands
from infra.policy.rules._clouds import azure_type, grants
from infra.policy.rules.residency import regions
from infra.policy.rules.tags import tag_property
from infra.resources import COMPUTED, SECRET, Program, Resource
from tests.infra.policy.resources_kit import EU, found, resource

MINE = [each for each in RULES if each.id >= "DEP023"]
TYPES = (
    "gcp:storage/bucket:Bucket",
    "gcp:storage/bucketACL:BucketACL",
    "gcp:storage/bucketIAMPolicy:BucketIAMPolicy",
    "gcp:projects/iAMBinding:IAMBinding",
    "gcp:cloudrunv2/service:Service",
    "gcp:cloudrun/iamMember:IamMember",
    "gcp:kms/cryptoKey:CryptoKey",
    "gcp:secretmanager/secret:Secret",
    "azure-native:storage:StorageAccount",
    "azure-native:storage/v20230101:StorageAccount",
    "azure-native:storage:BlobContainer",
    "azure-native:storage:BlobServiceProperties",
    "azure-native:keyvault:Vault",
    "azure-native:network:PrivateEndpoint",
    "azure-native:app:ContainerApp",
    "gcp:artifactregistry/repository:Repository",
    "gcp:billing/budget:Budget",
    "gcp:compute/regionBackendService:RegionBackendService",
    "gcp:compute/sSLPolicy:SSLPolicy",
    "gcp:logging/projectBucketConfig:ProjectBucketConfig",
    "gcp:logging/projectSink:ProjectSink",
    "gcp:monitoring/alertPolicy:AlertPolicy",
    "gcp:monitoring/uptimeCheckConfig:UptimeCheckConfig",
    "gcp:secretmanager/secretIamMember:SecretIamMember",
    "gcp:sql/databaseInstance:DatabaseInstance",
    "azure-native:app:ManagedEnvironment",
    "azure-native:authorization:RoleAssignment",
    "azure-native:authorization:RoleDefinition",
    "azure-native:consumption:Budget",
    "azure-native:containerregistry:Registry",
    "azure-native:keyvault:Key",
    "azure-native:keyvault:Secret",
    "azure-native:monitor:ActionGroup",
    "azure-native:monitor:DiagnosticSetting",
    "azure-native:monitor:MetricAlert",
    "azure-native:network:NetworkSecurityGroup",
    "azure-native:network:SecurityRule",
    "azure-native:network:Subnet",
    "azure-native:network:VirtualNetwork",
    "azure-native:operationalinsights:Workspace",
    "azure-native:resources:ResourceGroup",
    "azure-native:storage:ManagementPolicy",
    "azure-native:trafficmanager:Profile",
    "aws:ecs/taskDefinition:TaskDefinition",
    "aws:autoscaling/group:Group",
    "docker-build:index:Image",
    "pulumi:providers:aws",
    "pulumi:providers:gcp",
    "odd",
    "odd:",
    "",
)
_KEYS = """
    access action actions allUpdatesRule appLogsConfiguration bucketId cleanupPolicies condition
    conditions configuration criteria delegations destination destinationPortRange direction
    httpCheck lifecycleRules logConfig logs mode networkSecurityGroup notificationChannels
    notifications permissions policies policy probes resourceUri retentionDays
    roleDefinitionId rotationPolicy scaling securityRules sku softDeletePolicy
    sourceAddressPrefix subnets userManaged vnetConfiguration
    accountName containers containerDefinitions defaultTags deleteRetentionPolicy dockerfile
    enabled encryption image ingress inline labels location logging member members
    networkRuleSet policyData predefinedAcl properties purpose region replication role
    roleEntities rotationPeriod spec tags template versioning zone
"""
KEYS = st.sampled_from(_KEYS.split())
LEAVES = (
    st.none()
    | st.booleans()
    | st.floats()
    | st.integers()
    | st.sampled_from(["", "[", "{}", '{"bindings": [1]}', "allUsers", "roles/owner", "${a::b.c}"])
    | st.text(max_size=5)
    | st.sampled_from([COMPUTED, SECRET])
)
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3)
)
INPUTS = st.dictionaries(KEYS, VALUES, max_size=6)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(TYPES), INPUTS), max_size=4))
def test_no_inputs_make_a_rule_raise(given_: list[tuple[str, dict[str, Any]]]) -> None:
    resources = tuple(
        Resource(urn=f"urn:{n}", type=type_, name=f"r{n}", inputs=inputs)
        for n, (type_, inputs) in enumerate(given_)
    )
    for rule in MINE:
        for problem in rule.check(Program("p", "t", resources=resources), EU):
            assert problem.resource in resources
            assert "\n" not in problem.message


def test_dated_types_of_azure_are_the_same_types() -> None:
    for rule in ("DEP028", "DEP029", "DEP030", "DEP031", "DEP032", "DEP034", "DEP035"):
        plain = found(rule, resource("azure-native:storage:StorageAccount"))
        dated = found(rule, resource("azure-native:storage/v20230101preview:StorageAccount"))
        assert [each.message for each in plain] == [each.message for each in dated] != []
    assert azure_type("aws:s3/v20230101:X") == "aws:s3/v20230101:X"


def test_what_a_policy_document_that_is_not_known_grants() -> None:
    policy = resource("gcp:storage/bucketIAMPolicy:BucketIAMPolicy", policyData=dict(COMPUTED))
    assert list(grants(policy)) == []
    binding = resource("gcp:storage/bucketIAMBinding:BucketIAMBinding", members=[dict(COMPUTED)])
    assert [each.members for each in grants(binding)] == [()]


def test_an_account_that_is_only_known_later_is_a_service_account_all_the_same() -> None:
    account = resource("gcp:serviceaccount/account:Account", "server")
    member = Resource(
        urn="urn:member",
        type="gcp:projects/iAMMember:IAMMember",
        name="member",
        inputs={"role": "roles/run.admin", "member": dict(COMPUTED)},
        references={"member": (account.urn,)},
    )
    assert [each.resource for each in found("DEP026", account, member)] == [member]
    person = resource("gcp:projects/iAMMember:IAMMember", role="roles/run.admin", member="user:a@b")
    assert found("DEP026", account, person) == []


@pytest.mark.parametrize(
    ("token", "path"),
    [
        ("aws:s3/bucket:Bucket", "tags"),
        ("aws:s3/bucketVersioning:BucketVersioning", ""),
        ("aws:autoscaling/group:Group", "tags"),
        ("gcp:storage/bucket:Bucket", "labels"),
        ("gcp:monitoring/notificationChannel:NotificationChannel", "userLabels"),
        ("gcp:monitoring/metricDescriptor:MetricDescriptor", ""),
        ("gcp:container/cluster:Cluster", "resourceLabels"),
        ("gcp:sql/databaseInstance:DatabaseInstance", "settings.userLabels"),
        ("gcp:storage/bucketIAMMember:BucketIAMMember", ""),
        ("azure-native:storage:StorageAccount", "tags"),
        ("azure-native:storage/v20230101:StorageAccount", "tags"),
        ("azure-native:storage:BlobContainer", ""),
        ("random:index/randomId:RandomId", ""),
        ("", ""),
    ],
)
def test_where_tags_are(token: str, path: str) -> None:
    assert tag_property(token) == path


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # modules of the providers' own
@pytest.mark.parametrize(
    ("module", "names"),
    [
        ("pulumi_gcp.monitoring.alert_policy", ("AlertPolicy", "user_labels")),
        ("pulumi_azure_native.storage.storage_account", ("StorageAccount", "tags")),
    ],
)
def test_the_table_agrees_with_the_installed_providers(module: str, names: tuple[str, str]) -> None:
    kind = getattr(importlib.import_module(module), names[0])
    assert tag_property(kind.pulumi_type)
    assert names[1] in kind._internal_init.__annotations__


def test_tags_in_a_list_in_another_case_and_of_the_provider() -> None:
    tags = [{"key": each, "value": "x"} for each in ("Owner", "MODEL", "residency")]
    assert found("DEP035", resource("aws:autoscaling/group:Group", tags=tags)) == []
    assert len(found("DEP035", resource("aws:autoscaling/group:Group", tags=tags[:2]))) == 1
    provider = resource("pulumi:providers:gcp", "eu", defaultLabels='{"owner": "a", "model": "b"}')
    bucket = Resource(
        urn="urn:bucket",
        type="gcp:storage/bucket:Bucket",
        name="bucket",
        inputs={"labels": {"residency": "eu"}},
        provider=provider.urn,
    )
    assert found("DEP035", provider, bucket) == []
    other = resource("pulumi:providers:gcp", "other")
    assert len(found("DEP035", other, bucket)) == 1
    assert found("DEP035", bucket, demands=Demands(tags=())) == []


def test_regions_are_found_where_each_cloud_has_them() -> None:
    provider = resource("pulumi:providers:aws", region="eu-west-2")
    bucket = resource("aws:s3/bucket:Bucket")
    assert list(regions(bucket, provider=provider, default="us-east-1")) == [("", "eu-west-2")]
    assert list(regions(bucket, default="us-east-1")) == [("", "us-east-1")]
    assert list(regions(bucket)) == []
    assert list(regions(resource("aws:iam/role:Role"), default="us-east-1")) == []
    disk = resource("gcp:compute/disk:Disk", zone="us-central1-a")
    assert list(regions(disk)) == [("zone", "us-central1")]
    group = resource("azure-native:resources:ResourceGroup", location="West Europe")
    assert list(regions(group)) == [("location", "westeurope")]
    assert list(regions(resource("gcp:storage/bucket:Bucket", location="${a::b.location}"))) == []
    assert list(regions(resource("gcp:dns/managedZone:ManagedZone"), default="us-east1")) == []


def test_without_a_residency_rule_every_region_is_right() -> None:
    bucket = resource("gcp:storage/bucket:Bucket", location="US")
    secret = resource("gcp:secretmanager/secret:Secret", replication={"auto": {}})
    assert found("DEP036", bucket, secret, demands=Demands()) == []
    assert found("DEP036", bucket)[0].message == "it is in us (us), and bound to EU"
    moon = resource("gcp:storage/bucket:Bucket", location="moon-1")
    assert "not known" in found("DEP036", moon)[0].message


def test_a_public_endpoint_may_be_called_by_everybody_and_no_more() -> None:
    service = resource("gcp:cloudrunv2/service:Service", invokerIamDisabled=True)
    kind = "gcp:cloudrunv2/serviceIamMember:ServiceIamMember"
    caller = resource(kind, role="roles/run.invoker", member="allUsers")
    admin = resource(kind, "admin", role="roles/run.admin", member="allUsers")
    assert found("DEP025", service, caller, demands=Demands()) == []
    assert len(found("DEP025", service, caller)) == 2
    assert [each.resource for each in found("DEP025", admin, demands=Demands())] == [admin]


@pytest.mark.parametrize("suffix", ["", "::0f3c"])
def test_a_provider_is_found_by_its_urn_with_and_without_its_id(suffix: str) -> None:
    provider = resource("pulumi:providers:aws", "identity", region="eu-west-2")
    bucket = Resource(
        urn="urn:bucket",
        type="aws:s3/bucket:Bucket",
        name="bucket",
        inputs={},
        provider=provider.urn + suffix,
    )
    assert [each.message for each in found("DEP036", provider, bucket, region="eu-west-1")] == [
        "it is in eu-west-2 (gb), and bound to EU"
    ]


@pytest.mark.parametrize("kept", ["protect", "retain"])
def test_what_is_kept_is_protected(kept: str) -> None:
    key = Resource(
        urn="urn:key",
        type="gcp:kms/cryptoKey:CryptoKey",
        name="key",
        inputs={"rotationPeriod": "86400s"},
        protect=kept == "protect",
        retain=kept == "retain",
    )
    assert found("DEP027", key) == found("DEP034", key) == []
