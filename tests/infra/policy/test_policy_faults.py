"""Which inputs of single resources are at fault, for the rules about Google Cloud and Azure."""

from typing import Any

import pytest

from infra.resources import COMPUTED, Resource
from tests.infra.policy.resources_kit import found, resource

ACCOUNT = "azure-native:storage:StorageAccount"
APP = "azure-native:web:WebApp"
VAULT = "azure-native:keyvault:Vault"
MEMBER = "gcp:storage/bucketIAMMember:BucketIAMMember"
KEY = "gcp:kms/cryptoKey:CryptoKey"
RUN = "gcp:cloudrunv2/service:Service"
REPOSITORY = "gcp:artifactregistry/repository:Repository"
SECRET = "gcp:secretmanager/secret:Secret"
LOGS = "gcp:logging/projectBucketConfig:ProjectBucketConfig"
ROLE = "azure-native:authorization:RoleAssignment"
CONTRIBUTOR = "/roleDefinitions/b24988ac-6180-42a0-ab88-20f7382dd24c"
VAULT_KEY = "azure-native:keyvault:Key"
NSG_RULE = "azure-native:network:SecurityRule"
OPEN = {"access": "Allow", "direction": "Inbound", "protocol": "Tcp", "sourceAddressPrefix": "*"}
SEEN: dict[str, Any] = {"versioning": {"enabled": True}, "logging": {"logBucket": "logs"}}
ABORT = {"action": {"type": "AbortIncompleteMultipartUpload"}, "condition": {"age": 7}}
FROM_VAULT = {"keySource": "Microsoft.Keyvault", "keyVaultProperties": {"keyName": "models"}}
SAFE: dict[str, Any] = {
    "enableHttpsTrafficOnly": True,
    "minimumTlsVersion": "TLS1_2",
    "allowBlobPublicAccess": False,
    "publicNetworkAccess": "Disabled",
    "networkRuleSet": {"defaultAction": "Deny"},
    "allowSharedKeyAccess": False,
    "sasPolicy": {"sasExpirationPeriod": "1.00:00:00"},
    "encryption": FROM_VAULT,
}


@pytest.mark.parametrize(
    ("rule", "type_", "inputs", "properties"),
    [
        ("DEP023", "gcp:storage/bucket:Bucket", {}, ["uniformBucketLevelAccess", "publicAccessPrevention"]),
        ("DEP023", "gcp:storage/objectACL:ObjectACL", {"predefinedAcl": "authenticatedRead"}, ["predefinedAcl"]),
        ("DEP023", "gcp:storage/bucketACL:BucketACL", {"predefinedAcl": "private"}, []),
        ("DEP023", "gcp:storage/bucketACL:BucketACL", {"roleEntities": ["READER:allUsers"]}, ["roleEntities"]),
        ("DEP023", "gcp:storage/bucketIAMMember:BucketIAMMember", {"member": "allUsers"}, ["member"]),
        ("DEP023", "gcp:storage/bucketIAMBinding:BucketIAMBinding", {"members": ["allUsers"]}, ["members"]),
        ("DEP024", "gcp:storage/bucket:Bucket", {}, ["versioning.enabled", "logging.logBucket"]),
        ("DEP024", "gcp:storage/bucket:Bucket", {"logging": {"logBucket": "logs"}}, ["versioning.enabled"]),
        ("DEP025", RUN, {"invokerIamDisabled": True}, ["invokerIamDisabled"]),
        ("DEP025", RUN, {"invokerIamDisabled": dict(COMPUTED)}, []),
        ("DEP026", RUN, {}, ["template.serviceAccount"]),
        ("DEP026", "gcp:cloudrunv2/job:Job", {"template": {}}, ["template.template.serviceAccount"]),
        ("DEP026", "gcp:cloudrun/service:Service", {}, ["template.spec.serviceAccountName"]),
        ("DEP026", "gcp:folder/iAMMember:IAMMember", {"role": "roles/owner", "member": "group:a@b"}, ["role"]),
        ("DEP026", "gcp:organizations/iAMMember:IAMMember", {"role": "roles/iam.securityAdmin", "member": "group:a@b"}, ["role"]),
        ("DEP026", RUN, {"template": {"serviceAccount": ""}}, ["template.serviceAccount"]),
        ("DEP026", RUN, {"template": {"serviceAccount": dict(COMPUTED)}}, []),
        ("DEP026", RUN, {"template": {"serviceAccount": "a@b"}}, []),
        ("DEP026", MEMBER, {"role": "roles/storage.admin", "member": "serviceAccount:a@b"}, ["role"]),
        ("DEP026", MEMBER, {"role": "roles/storage.admin", "member": "group:a@b"}, []),
        ("DEP026", MEMBER, {"role": "roles/storage.objectViewer", "member": "serviceAccount:a@b"}, []),
        ("DEP027", KEY, {}, ["rotationPeriod", "protect"]),
        ("DEP027", KEY, {"rotationPeriod": "7776001s"}, ["rotationPeriod", "protect"]),
        ("DEP027", KEY, {"rotationPeriod": dict(COMPUTED)}, ["protect"]),
        ("DEP027", "gcp:kms/keyRingIAMMember:KeyRingIAMMember", {"member": "allUsers"}, ["member"]),
        ("DEP028", ACCOUNT, {}, ["enableHttpsTrafficOnly", "minimumTlsVersion"]),
        ("DEP028", ACCOUNT, SAFE | {"minimumTlsVersion": "TLS1_3"}, []),
        ("DEP028", ACCOUNT, SAFE | {"minimumTlsVersion": "TLS1_1"}, ["minimumTlsVersion"]),
        ("DEP028", APP, {"siteConfig": {"minTlsVersion": "1.1"}}, ["httpsOnly", "siteConfig.minTlsVersion"]),
        ("DEP028", "azure-native:web:WebAppSlot", {}, ["httpsOnly"]),
        ("DEP028", APP, {"httpsOnly": True, "siteConfig": {"minTlsVersion": "1.2"}}, []),
        ("DEP029", ACCOUNT, {}, ["allowBlobPublicAccess", "publicNetworkAccess"]),
        ("DEP029", ACCOUNT, SAFE, []),
        ("DEP029", ACCOUNT, SAFE | {"publicNetworkAccess": "SecuredByPerimeter", "networkRuleSet": {}}, []),
        ("DEP029", ACCOUNT, SAFE | {"publicNetworkAccess": "Enabled", "networkRuleSet": {}}, ["publicNetworkAccess"]),
        ("DEP029", "azure-native:storage:BlobContainer", {"publicAccess": "Blob"}, ["publicAccess"]),
        ("DEP029", "azure-native:storage:BlobContainer", {"publicAccess": dict(COMPUTED)}, []),
        ("DEP029", "azure-native:containerregistry:Registry", {"anonymousPullEnabled": True}, ["anonymousPullEnabled"]),
        ("DEP029", "azure-native:containerregistry:Registry", {"anonymousPullEnabled": dict(COMPUTED)}, []),
        ("DEP029", "azure-native:containerregistry:Registry", {}, []),
        ("DEP030", ACCOUNT, {}, ["networkRuleSet.defaultAction", ""]),
        ("DEP030", VAULT, {}, ["properties.networkAcls.defaultAction"]),
        ("DEP030", VAULT, {"properties": {"publicNetworkAccess": "disabled"}}, []),
        ("DEP031", ACCOUNT, {}, ["allowSharedKeyAccess", "sasPolicy.sasExpirationPeriod"]),
        ("DEP031", ACCOUNT, SAFE, []),
        ("DEP032", ACCOUNT, {}, ["", "encryption.keySource"]),
        ("DEP032", ACCOUNT, {"encryption": FROM_VAULT | {"keySource": "Microsoft.Storage"}}, ["", "encryption.keySource"]),
        ("DEP032", ACCOUNT, {"encryption": {"keySource": "Microsoft.Keyvault"}}, ["", "encryption.keyVaultProperties"]),
        ("DEP032", VAULT, {"properties": {"enableSoftDelete": False}}, ["properties.enablePurgeProtection", "properties.enableSoftDelete"]),
        ("DEP024", "gcp:storage/bucket:Bucket", SEEN | {"softDeletePolicy": {"retentionDurationSeconds": 604800}}, []),
        ("DEP024", "gcp:storage/bucket:Bucket", SEEN | {"softDeletePolicy": dict(COMPUTED)}, []),
        ("DEP027", KEY, {"rotationPeriod": "86400s", "destroyScheduledDuration": "604799s"}, ["destroyScheduledDuration", "protect"]),
        ("DEP027", KEY, {"rotationPeriod": "86400s", "destroyScheduledDuration": dict(COMPUTED)}, ["protect"]),
        ("DEP034", "azure-native:resources:ResourceGroup", {}, []),
        ("DEP060", REPOSITORY, {"kmsKeyName": dict(COMPUTED)}, []),
        ("DEP060", "gcp:storage/bucket:Bucket", {"encryption": {"defaultKmsKeyName": ""}}, ["encryption.defaultKmsKeyName"]),
        ("DEP060", "gcp:storage/bucket:Bucket", {"encryption": dict(COMPUTED)}, []),
        ("DEP060", SECRET, {"replication": dict(COMPUTED)}, []),
        ("DEP060", SECRET, {"replication": {"auto": {}}}, ["replication.auto.customerManagedEncryption.kmsKeyName"]),
        ("DEP060", SECRET, {"replication": {"userManaged": {"replicas": [{"location": "a"}, dict(COMPUTED)]}}}, ["replication.userManaged.replicas[0].customerManagedEncryption.kmsKeyName"]),
        ("DEP061", "gcp:storage/bucket:Bucket", {"forceDestroy": dict(COMPUTED)}, []),
        ("DEP061", "gcp:spanner/database:Database", {"deletionProtection": dict(COMPUTED)}, []),
        ("DEP061", "gcp:spanner/database:Database", {"deletionProtection": False}, ["deletionProtection"]),
        ("DEP061", RUN, {"deletionProtection": False}, []),
        ("DEP062", REPOSITORY, {"format": "docker"}, ["dockerConfig.immutableTags"]),
        ("DEP062", REPOSITORY, {"format": dict(COMPUTED)}, []),
        ("DEP062", REPOSITORY, {"format": "DOCKER", "dockerConfig": dict(COMPUTED)}, []),
        ("DEP062", REPOSITORY, {"format": "NPM", "vulnerabilityScanningConfig": {"enablementConfig": "DISABLED"}}, ["vulnerabilityScanningConfig.enablementConfig"]),
        ("DEP063", LOGS, {"retentionDays": 400}, [""]),
        ("DEP063", LOGS, {"bucketId": "_Required"}, []),
        ("DEP063", LOGS, {"bucketId": "_Default", "retentionDays": dict(COMPUTED)}, []),
        ("DEP063", LOGS, {"bucketId": "_Default", "retentionDays": 364}, ["retentionDays"]),
        ("DEP064", "gcp:secretmanager/secretIamPolicy:SecretIamPolicy", {"policyData": '{"bindings": [{"role": "r", "members": ["allUsers"]}]}'}, ["policyData.bindings[0]"]),
        ("DEP064", "gcp:secretmanager/secretIamMember:SecretIamMember", {"member": dict(COMPUTED)}, []),
        ("DEP064", "gcp:cloudfunctionsv2/functionIamMember:FunctionIamMember", {"role": "roles/cloudfunctions.invoker", "member": "allUsers"}, ["member"]),
        ("DEP064", "gcp:storage/bucketIAMMember:BucketIAMMember", {"member": "allUsers"}, []),
        ("DEP065", "gcp:storage/bucket:Bucket", {}, ["lifecycleRules"]),
        ("DEP065", "gcp:storage/bucket:Bucket", {"lifecycleRules": dict(COMPUTED)}, []),
        ("DEP065", "gcp:storage/bucket:Bucket", {"lifecycleRules": [ABORT, {"action": {"type": "Delete"}, "condition": {"matchesPrefixes": ["tmp/"]}}]}, []),
        ("DEP065", "gcp:storage/bucket:Bucket", {"lifecycleRules": [ABORT, {"action": {"type": "Delete"}, "condition": {}}]}, ["lifecycleRules[1].condition"]),
        ("DEP065", REPOSITORY, {"cleanupPolicies": dict(COMPUTED)}, []),
        ("DEP065", REPOSITORY, {"cleanupPolicies": [{"action": "KEEP"}]}, ["cleanupPolicies"]),
        ("DEP066", RUN, {"scaling": {"maxInstanceCount": 3}}, []),
        ("DEP066", RUN, {"template": dict(COMPUTED)}, []),
        ("DEP067", "gcp:monitoring/uptimeCheckConfig:UptimeCheckConfig", {"tcpCheck": {"port": 1}}, [""]),
        ("DEP068", "gcp:compute/targetHttpsProxy:TargetHttpsProxy", {"sslPolicy": dict(COMPUTED)}, []),
        ("DEP068", "gcp:compute/sSLPolicy:SSLPolicy", {}, ["minTlsVersion", "profile"]),
        ("DEP069", "gcp:compute/regionBackendService:RegionBackendService", {}, []),
        ("DEP069", "gcp:compute/backendService:BackendService", {"logConfig": dict(COMPUTED)}, []),
        ("DEP070", ROLE, {"roleDefinitionId": dict(COMPUTED)}, []),
        ("DEP070", ROLE, {"roleDefinitionId": "/a/18D7D88D-D35E-4FB5-A5C3-7773C20A72D9"}, ["roleDefinitionId"]),
        ("DEP070", ROLE, {"roleDefinitionId": CONTRIBUTOR, "scope": "/providers/Microsoft.Management/managementGroups/all"}, ["scope"]),
        ("DEP070", ROLE, {"roleDefinitionId": CONTRIBUTOR, "scope": dict(COMPUTED)}, []),
        ("DEP071", VAULT, {"properties": dict(COMPUTED)}, []),
        ("DEP071", VAULT, {"properties": {"enableRbacAuthorization": True, "enabledForTemplateDeployment": True}}, ["properties.enabledForTemplateDeployment"]),
        ("DEP072", ACCOUNT, {"isLocalUserEnabled": dict(COMPUTED), "isSftpEnabled": dict(COMPUTED)}, []),
        ("DEP073", VAULT, {"properties": {"publicNetworkAccess": "disabled"}}, ["properties.networkAcls.defaultAction"]),
        ("DEP073", VAULT, {"properties": {"publicNetworkAccess": dict(COMPUTED), "networkAcls": dict(COMPUTED)}}, []),
        ("DEP073", VAULT, {}, []),
        ("DEP074", "azure-native:app:ManagedEnvironment", {}, ["vnetConfiguration.internal", "publicNetworkAccess"]),
        ("DEP074", "azure-native:app:ManagedEnvironment", {"vnetConfiguration": dict(COMPUTED), "publicNetworkAccess": dict(COMPUTED)}, []),
        ("DEP075", NSG_RULE, OPEN | {"destinationPortRange": dict(COMPUTED)}, []),
        ("DEP075", NSG_RULE, OPEN | {"access": dict(COMPUTED), "destinationPortRange": "22"}, []),
        ("DEP075", NSG_RULE, OPEN | {"sourceAddressPrefix": dict(COMPUTED), "destinationPortRange": "22"}, []),
        ("DEP075", NSG_RULE, OPEN | {"destinationPortRange": "80-443"}, ["destinationPortRange"]),
        ("DEP075", NSG_RULE, OPEN | {"destinationPortRange": "80"}, []),
        ("DEP075", NSG_RULE, OPEN | {"protocol": "Icmp", "destinationPortRange": "*"}, []),
        ("DEP075", NSG_RULE, OPEN, ["destinationPortRange"]),
        ("DEP076", "azure-native:network:Subnet", {"networkSecurityGroup": dict(COMPUTED)}, []),
        ("DEP077", "azure-native:network:Subnet", {"defaultOutboundAccess": dict(COMPUTED)}, []),
        ("DEP078", VAULT_KEY, {}, ["properties.rotationPolicy"]),
        ("DEP078", VAULT_KEY, {"properties": dict(COMPUTED)}, []),
        ("DEP078", VAULT_KEY, {"properties": {"rotationPolicy": {"lifetimeActions": [{"action": {"type": "notify"}}]}}}, ["properties.rotationPolicy.lifetimeActions"]),
        ("DEP079", VAULT, {}, [""]),
        ("DEP079", "azure-native:app:ManagedEnvironment", {"appLogsConfiguration": dict(COMPUTED)}, []),
        ("DEP080", "azure-native:operationalinsights:Workspace", {"retentionInDays": dict(COMPUTED)}, []),
        ("DEP080", "azure-native:operationalinsights:Workspace", {"retentionInDays": -1}, []),
        ("DEP081", ACCOUNT, {"encryption": dict(COMPUTED)}, []),
        ("DEP082", "azure-native:containerregistry:Registry", {"sku": dict(COMPUTED)}, []),
        ("DEP082", "azure-native:containerregistry:Registry", {"sku": {"name": "Premium"}, "policies": {"retentionPolicy": {"status": "disabled"}}}, ["policies.retentionPolicy.status"]),
        ("DEP083", "azure-native:app:ContainerApp", {}, [""]),
        ("DEP083", "azure-native:consumption:Budget", {"notifications": dict(COMPUTED)}, []),
        ("DEP083", "azure-native:monitor:ActionGroup", {"enabled": True}, ["emailReceivers"]),
        ("DEP085", RUN, {"template": {"containers": [{"startupProbe": dict(COMPUTED), "readinessProbe": {"tcpSocket": {}}}]}}, ["template.containers[0].readinessProbe", "template.containers[0].livenessProbe"]),
        ("DEP086", "gcp:compute/network:Network", {"autoCreateSubnetworks": dict(COMPUTED)}, []),
        ("DEP033", "aws:lambda/function:Function", {"imageUri": "a/b"}, ["imageUri"]),
        ("DEP033", "aws:lambda/function:Function", {"imageUri": dict(COMPUTED)}, []),
        ("DEP033", "docker:index/container:Container", {"image": "a:latest"}, ["image"]),
        ("DEP033", "docker-build:index:Image", {"dockerfile": {"inline": "FROM a:1\nUSER b\n"}}, ["dockerfile.inline"]),
        ("DEP033", "gcp:cloudrun/service:Service", {"template": {"spec": {"containers": [{"image": "a"}]}}}, ["template.spec.containers[0].image"]),
        ("DEP033", "azure-native:app:Job", {"template": {"containers": [{"image": "a:1"}, {"image": "a"}]}}, ["template.containers[1].image"]),
        ("DEP033", "azure-native:containerinstance:ContainerGroup", {"initContainers": [{"image": "a"}]}, ["initContainers[0].image"]),
        ("DEP033", "gcp:cloudrunv2/workerPool:WorkerPool", {"template": {"containers": [{"image": "a"}]}}, ["template.containers[0].image"]),
        ("DEP033", "gcp:cloudrunv2/job:Job", {"template": {"template": {"containers": [{"image": "a"}]}}}, ["template.template.containers[0].image"]),
        ("DEP033", "azure-native:app:ContainerApp", {"template": {"initContainers": [{"image": "a"}]}}, ["template.initContainers[0].image"]),
        ("DEP033", "azure-native:containerinstance:ContainerGroup", {"containers": [{"image": "a"}]}, ["containers[0].image"]),
        ("DEP033", "docker:index/remoteImage:RemoteImage", {"name": "a"}, ["name"]),
        ("DEP033", "aws:ecs/taskDefinition:TaskDefinition", {"containerDefinitions": '[{"image": "a"}]'}, ["containerDefinitions[0].image"]),
        ("DEP035", "aws:autoscaling/group:Group", {"tags": [{"key": dict(COMPUTED)}]}, []),
        ("DEP035", "aws:autoscaling/group:Group", {"tags": [dict(COMPUTED)]}, []),
        ("DEP035", "gcp:sql/databaseInstance:DatabaseInstance", {}, ["settings.userLabels"]),
        ("DEP036", "aws:dynamodb/table:Table", {"replicas": [{"regionName": "us-east-1"}]}, ["replicas[0].regionName"]),
        ("DEP036", "aws:secretsmanager/secret:Secret", {"replicas": [{"region": "eu-west-3"}, {"region": "us-east-1"}]}, ["replicas[1].region"]),
        ("DEP036", "aws:ecr/replicationConfiguration:ReplicationConfiguration", {"replicationConfiguration": {"rules": [{"destinations": [{"region": "us-east-1"}]}]}}, ["replicationConfiguration.rules[0].destinations[0].region"]),
        ("DEP036", "gcp:secretmanager/secret:Secret", {"replication": {"userManaged": {"replicas": [{"location": "us-east1"}]}}}, ["replication.userManaged.replicas[0].location"]),
        ("DEP036", "gcp:secretmanager/secret:Secret", {"replication": {"auto": {}}}, ["replication.auto"]),
        ("DEP036", "azure-native:cosmosdb:DatabaseAccount", {"location": "westeurope", "locations": [{"locationName": "East US"}]}, ["locations[0].locationName"]),
        ("DEP036", "azure-native:documentdb:DatabaseAccount", {"locations": [{"locationName": "East US"}]}, ["locations[0].locationName"]),
    ],
)  # fmt: skip
def test_what_is_at_fault(
    rule: str, type_: str, inputs: dict[str, Any], properties: list[str]
) -> None:
    assert [each.property for each in found(rule, resource(type_, **inputs))] == properties


SERVICES = "azure-native:storage:BlobServiceProperties"
KEPT: dict[str, Any] = {"enabled": True, "days": 7}


@pytest.mark.parametrize(
    ("inputs", "properties"),
    [
        ({}, []),
        ({"deleteRetentionPolicy": KEPT | {"days": 6}}, ["deleteRetentionPolicy.days"]),
        ({"deleteRetentionPolicy": {"enabled": True}}, ["deleteRetentionPolicy.days"]),
        ({"deleteRetentionPolicy": dict(COMPUTED)}, []),
        ({"containerDeleteRetentionPolicy": None}, ["containerDeleteRetentionPolicy.enabled"]),
        ({"isVersioningEnabled": False}, ["isVersioningEnabled"]),
        ({"accountName": "others"}, [""]),
    ],
)
def test_what_is_kept_of_blobs(inputs: dict[str, Any], properties: list[str]) -> None:
    account = resource(ACCOUNT, accountName="models", encryption=FROM_VAULT)
    service: dict[str, Any] = {
        "accountName": "models",
        "deleteRetentionPolicy": KEPT,
        "containerDeleteRetentionPolicy": KEPT,
        "isVersioningEnabled": True,
    }
    problems = found("DEP032", account, resource(SERVICES, **(service | inputs)))
    assert [each.property for each in problems] == properties


@pytest.mark.parametrize(
    ("connections", "right"),
    [
        ({"privateLinkServiceId": "/subscriptions/s/storageAccounts/Models"}, True),
        ({"privateLinkServiceId": "/subscriptions/s/storageAccounts/others"}, False),
        ({"privateLinkServiceId": dict(COMPUTED)}, True),
        ({}, False),
    ],
)
@pytest.mark.parametrize("kind", ["privateLink", "manualPrivateLink"])
def test_which_endpoint_leads_to_an_account(
    kind: str, connections: dict[str, Any], right: bool
) -> None:
    account = resource(ACCOUNT, accountName="models", **SAFE)
    endpoint = resource("azure-native:network:PrivateEndpoint")
    endpoint.inputs[f"{kind}ServiceConnections"] = [connections]
    assert (found("DEP030", account, endpoint) == []) is right
    # What is made from another resource leads there, known or not.
    other = Resource(
        urn="urn:other",
        type=endpoint.type,
        name="other",
        inputs=dict(endpoint.inputs),
        references={f"{kind}ServiceConnections": ("urn:x",)},
    )
    if connections.get("privateLinkServiceId") == COMPUTED:
        assert found("DEP030", account, other) != []
