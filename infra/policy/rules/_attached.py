"""The policies of AWS that lie at what they are about: at a bucket, a key, a topic, a repository."""

from collections.abc import Iterator
from typing import NamedTuple

from infra.policy.rules._buckets import BUCKETS
from infra.policy.rules._statements import Statement, statements
from infra.resources import Program, Resource

__all__ = ["OPEN_ELSEWHERE", "Attached", "attached"]

OPEN_ELSEWHERE = frozenset(
    {
        *BUCKETS,
        "aws:ecr/repositoryPolicy:RepositoryPolicy",
        "aws:kms/key:Key",
        "aws:kms/keyPolicy:KeyPolicy",
        "aws:s3/bucketPolicy:BucketPolicy",
    }
)
"""Types for which DEP003, DEP015 and DEP021 say when everybody is let in."""

_HOLDERS = {
    **dict.fromkeys(OPEN_ELSEWHERE, "policy"),
    "aws:backup/vaultPolicy:VaultPolicy": "policy",
    "aws:cloudwatch/logResourcePolicy:LogResourcePolicy": "policyDocument",
    "aws:dynamodb/resourcePolicy:ResourcePolicy": "policy",
    "aws:ecr/registryPolicy:RegistryPolicy": "policy",
    "aws:efs/fileSystemPolicy:FileSystemPolicy": "policy",
    "aws:secretsmanager/secret:Secret": "policy",
    "aws:secretsmanager/secretPolicy:SecretPolicy": "policy",
    "aws:sns/topic:Topic": "policy",
    "aws:sns/topicPolicy:TopicPolicy": "policy",
    "aws:sqs/queue:Queue": "policy",
    "aws:sqs/queuePolicy:QueuePolicy": "policy",
}


class Attached(NamedTuple):
    """One statement, and the resource that has it in its policy."""

    resource: Resource
    statement: Statement


def attached(program: Program) -> Iterator[Attached]:
    """Yield every statement that allows something, of every such policy."""
    for resource in program:
        path = _HOLDERS.get(resource.type)
        if path:
            for each in statements(resource.inputs.get(path), at=path):
                if each.allow:
                    yield Attached(resource, each)
