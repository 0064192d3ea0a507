"""What cannot be made again: DEP034."""

from collections.abc import Iterator

from infra.policy.model import Demands, Problem, Rule, Severity
from infra.policy.rules._clouds import azure, azure_type
from infra.policy.rules._links import names_of
from infra.policy.rules._values import text
from infra.resources import Program, Resource

__all__ = ["RULES", "STATEFUL"]

_AWS = """
    backup/vault:Vault cognito/userPool:UserPool docdb/cluster:Cluster dynamodb/table:Table
    ebs/volume:Volume ecr/repository:Repository efs/fileSystem:FileSystem
    elasticache/replicationGroup:ReplicationGroup kms/key:Key neptune/cluster:Cluster
    opensearch/domain:Domain rds/cluster:Cluster rds/globalCluster:GlobalCluster
    rds/instance:Instance redshift/cluster:Cluster s3/bucket:Bucket s3/bucketV2:BucketV2
    s3/directoryBucket:DirectoryBucket secretsmanager/secret:Secret
"""
_GCP = """
    alloydb/cluster:Cluster artifactregistry/repository:Repository bigquery/dataset:Dataset
    bigquery/table:Table bigtable/instance:Instance compute/disk:Disk
    compute/regionDisk:RegionDisk filestore/instance:Instance firestore/database:Database
    kms/cryptoKey:CryptoKey redis/cluster:Cluster secretmanager/secret:Secret
    spanner/database:Database spanner/instance:Instance sql/databaseInstance:DatabaseInstance
    storage/bucket:Bucket
"""
_AZURE = """
    cache:Redis compute:Disk containerregistry:Registry cosmosdb:DatabaseAccount
    dbforpostgresql:Server documentdb:DatabaseAccount keyvault:Key keyvault:Secret
    keyvault:Vault netapp:Volume recoveryservices:Vault sql:Database sql:ManagedInstance
    storage:BlobContainer storage:FileShare storage:StorageAccount
"""

STATEFUL = frozenset(
    f"{package}:{each}"
    for package, types in (("aws", _AWS), ("gcp", _GCP), ("azure-native", _AZURE))
    for each in types.split()
)
"""Types that hold what a second `up` would not bring back; azure-native's without dates."""


def _protected(program: Program, demands: Demands) -> Iterator[Problem]:
    for each in program:
        if azure_type(each.type) in STATEFUL and not (each.protect or each.retain):
            yield Problem(each, "deleting it, or replacing it, loses what it holds", "protect")
    # Azure deletes a group with all that is in it, whatever the engine protects.
    for group in azure(program, "resources:ResourceGroup"):
        if not (group.protect or group.retain) and any(_in(each, group) for each in program):
            yield Problem(group, "deleting it deletes what holds data in it", "protect")


def _in(resource: Resource, group: Resource) -> bool:
    """Return whether something that holds data is in a group."""
    if azure_type(resource.type) not in STATEFUL:
        return False
    path = "resourceGroupName"
    return group.urn in resource.references.get(path, ()) or (
        text(resource.inputs.get(path)) in names_of(group, path)
    )


RULES = (
    Rule(
        "DEP034",
        "What holds data is protected",
        Severity.MEDIUM,
        "Set protect=True, or retain_on_delete=True, in the resource's options.",
        (),
        _protected,
    ),
)
