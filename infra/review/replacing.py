"""Properties that a cloud cannot change in place: with another value the resource is replaced.

The engine asks the provider for this; without one there is this table. It knows the types that our
programs make and the usual ones around them. A property that is missing here is shown as an
update, which a preview with the real engine may correct.

Sources: "Forces new resource" in the arguments of https://registry.terraform.io/providers/hashicorp/
aws/latest/docs and …/google/latest/docs (on which Pulumi's AWS and Google providers are built), and
``x-ms-mutability: [create, read]`` and path parameters in https://github.com/Azure/
azure-rest-api-specs for Azure Native, which reads them so.
"""

import re
from collections.abc import Mapping

from infra.review.tokens import plain

__all__ = ["REPLACING", "forces_replacement"]

# Every resource of these packages is where these say, so that another place is another resource.
_EVERYWHERE = {
    "aws": "region",
    "gcp": "project location region zone",
    "azure-native": "location resourceGroupName accountName registryName vaultName profileName "
    "environmentName workspaceName containerAppName zoneName",
}

_TABLE: Mapping[str, str] = {
    "aws:apigatewayv2/api:Api": "protocolType",
    "aws:apigatewayv2/integration:Integration": "apiId integrationType connectionType",
    "aws:apigatewayv2/route:Route": "apiId",
    "aws:apigatewayv2/stage:Stage": "apiId name",
    "aws:appautoscaling/target:Target": "resourceId scalableDimension serviceNamespace",
    "aws:cloudwatch/logGroup:LogGroup": "name namePrefix logGroupClass",
    "aws:cloudwatch/metricAlarm:MetricAlarm": "name",
    "aws:dynamodb/table:Table": "name hashKey rangeKey",
    "aws:ec2/instance:Instance": "ami availabilityZone subnetId keyName",
    "aws:ec2/securityGroup:SecurityGroup": "name namePrefix description vpcId",
    "aws:ec2/subnet:Subnet": "vpcId cidrBlock availabilityZone",
    "aws:ec2/vpc:Vpc": "cidrBlock instanceTenancy",
    "aws:ecr/repository:Repository": "name encryptionConfigurations",
    "aws:ecs/cluster:Cluster": "name",
    "aws:ecs/service:Service": "name cluster launchType schedulingStrategy",
    "aws:ecs/taskDefinition:TaskDefinition": "family containerDefinitions cpu memory networkMode "
    "executionRoleArn taskRoleArn requiresCompatibilities runtimePlatform volumes ephemeralStorage",
    "aws:iam/instanceProfile:InstanceProfile": "name path",
    "aws:iam/policy:Policy": "name namePrefix path description",
    "aws:iam/role:Role": "name namePrefix path",
    "aws:iam/rolePolicy:RolePolicy": "name role",
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": "role policyArn",
    "aws:iam/user:User": "",
    "aws:kms/alias:Alias": "name",
    "aws:kms/key:Key": "customerMasterKeySpec keyUsage multiRegion",
    "aws:lambda/alias:Alias": "name functionName",
    "aws:lambda/function:Function": "name packageType",
    "aws:lambda/functionUrl:FunctionUrl": "functionName qualifier",
    "aws:lambda/permission:Permission": "action function principal sourceArn statementId qualifier",
    "aws:lambda/provisionedConcurrencyConfig:ProvisionedConcurrencyConfig": "functionName qualifier",
    "aws:lb/listener:Listener": "loadBalancerArn",
    "aws:lb/loadBalancer:LoadBalancer": "name internal loadBalancerType",
    "aws:lb/targetGroup:TargetGroup": "name port protocol protocolVersion vpcId targetType",
    "aws:rds/instance:Instance": "identifier engine username storageEncrypted kmsKeyId "
    "availabilityZone characterSetName",
    "aws:route53/healthCheck:HealthCheck": "type requestInterval measureLatency",
    "aws:route53/record:Record": "zoneId name type setIdentifier",
    "aws:route53/zone:Zone": "name delegationSetId",
    "aws:s3/bucket:Bucket": "bucket bucketPrefix objectLockEnabled",
    "aws:s3/bucketV2:BucketV2": "bucket bucketPrefix objectLockEnabled",
    "aws:secretsmanager/secret:Secret": "name namePrefix",
    "aws:sns/topic:Topic": "name namePrefix fifoTopic",
    "aws:sns/topicSubscription:TopicSubscription": "topic protocol endpoint",
    "aws:sqs/queue:Queue": "name namePrefix fifoQueue",
    "azure-native:app:ContainerApp": "environmentId managedEnvironmentId",
    "azure-native:app:ManagedEnvironment": "vnetConfiguration zoneRedundant",
    "azure-native:authorization:RoleAssignment": "principalId roleDefinitionId scope "
    "roleAssignmentName principalType",
    "azure-native:containerregistry:Registry": "zoneRedundancy",
    "azure-native:keyvault:Key": "keyName",
    "azure-native:keyvault:Vault": "",
    "azure-native:managedidentity:UserAssignedIdentity": "resourceName",
    "azure-native:network:PrivateEndpoint": "privateEndpointName",
    "azure-native:network:Profile": "",
    "azure-native:operationalinsights:Workspace": "",
    "azure-native:resources:ResourceGroup": "",
    "azure-native:storage:BlobContainer": "containerName",
    "azure-native:storage:StorageAccount": "kind isHnsEnabled isNfsV3Enabled",
    "azure-native:trafficmanager:Profile": "",
    "gcp:artifactregistry/repository:Repository": "repositoryId format kmsKeyName mode",
    "gcp:bigquery/dataset:Dataset": "datasetId",
    "gcp:cloudrunv2/service:Service": "name",
    "gcp:compute/instance:Instance": "name bootDisk networkInterfaces",
    "gcp:compute/network:Network": "name autoCreateSubnetworks",
    "gcp:dns/managedZone:ManagedZone": "name dnsName visibility",
    "gcp:dns/recordSet:RecordSet": "name managedZone",
    "gcp:kms/cryptoKey:CryptoKey": "name keyRing purpose",
    "gcp:kms/keyRing:KeyRing": "name",
    "gcp:monitoring/uptimeCheckConfig:UptimeCheckConfig": "monitoredResource resourceGroup "
    "checkerType",
    "gcp:projects/iAMMember:IAMMember": "role member condition",
    "gcp:pubsub/topic:Topic": "name kmsKeyName",
    "gcp:secretmanager/secret:Secret": "secretId replication",
    "gcp:serviceaccount/account:Account": "accountId",
    "gcp:sql/databaseInstance:DatabaseInstance": "name databaseVersion encryptionKeyName",
    "gcp:storage/bucket:Bucket": "name customPlacementConfig enableObjectRetention",
    "gcp:storage/bucketIAMMember:BucketIAMMember": "bucket role member condition",
    "random:index/randomId:RandomId": "byteLength keepers prefix",
    "random:index/randomPassword:RandomPassword": "length keepers special upper lower",
}

REPLACING: Mapping[str, frozenset[str]] = {
    token: frozenset(names.split()) for token, names in _TABLE.items()
}
"""Type token → its top-level inputs that force replacement, beside those of every type."""

_PLACES = {package: frozenset(names.split()) for package, names in _EVERYWHERE.items()}
_FIRST = re.compile(r"[^.\[{]+")


def forces_replacement(token: str, path: str) -> bool:
    """Return whether another value at `path` replaces a resource of this type."""
    found = _FIRST.match(path)
    if found is None:
        return False
    token = plain(token)
    return found[0] in _PLACES.get(token.partition(":")[0], frozenset()) or found[
        0
    ] in REPLACING.get(token, frozenset())
