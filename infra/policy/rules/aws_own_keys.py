"""Whose keys AWS encrypts with: DEP043."""

from collections.abc import Iterator

from infra.policy.model import Demands, Problem, Rule, Severity
from infra.policy.rules._buckets import BUCKETS, both
from infra.policy.rules._values import entries, holds, mapping, unknown_in, value_at
from infra.resources import Program, Resource

__all__ = ["RULES"]

_KEYS = {
    "aws:secretsmanager/secret:Secret": "kmsKeyId",
    "aws:sns/topic:Topic": "kmsMasterKeyId",
}
_FUNCTION = "aws:lambda/function:Function"
_REPOSITORY = "aws:ecr/repository:Repository"
_ENCRYPTION = both("BucketServerSideEncryptionConfiguration")
_INLINE = ("serverSideEncryptionConfiguration.rule", "serverSideEncryptionConfiguration.rules")
_THEIRS = "a key of AWS's own encrypts it, or none: nobody here can withdraw it or see its use"


def _own(program: Program, demands: Demands) -> Iterator[Problem]:
    for resource in program:
        path = _fault(resource)
        if path:
            yield Problem(resource, _THEIRS, path)


def _fault(resource: Resource) -> str:
    """Return the path of the input that should name a key and names none; "" if all is well."""
    inputs = resource.inputs
    if resource.type in _KEYS:
        path = _KEYS[resource.type]
        return "" if holds(inputs.get(path), _ours) else path
    if resource.type == _FUNCTION:
        # Without variables there is nothing that the key would be for.
        bare = not mapping(value_at(inputs, "environment.variables"))
        return "" if bare or holds(inputs.get("kmsKeyArn"), _ours) else "kmsKeyArn"
    if resource.type == _REPOSITORY:
        return _repository(resource)
    for path in ("rules",) if resource.type in _ENCRYPTION else _INLINE:
        if resource.type in (*_ENCRYPTION, *BUCKETS):
            for at, rule in entries(inputs, path):
                default = f"{at}.applyServerSideEncryptionByDefault"
                how = value_at(rule, "applyServerSideEncryptionByDefault.sseAlgorithm")
                key = value_at(rule, "applyServerSideEncryptionByDefault.kmsMasterKeyId")
                if how in ("aws:kms", "aws:kms:dsse") and not holds(key, _ours):
                    return f"{default}.kmsMasterKeyId"
    return ""


def _repository(resource: Resource) -> str:
    path = "encryptionConfigurations"
    if unknown_in(resource.inputs, path):
        return ""
    for at, each in entries(resource.inputs, path):
        if not holds(each.get("encryptionType"), lambda how: how in ("KMS", "KMS_DSSE")):
            return f"{at}.encryptionType"
        return "" if holds(each.get("kmsKey"), _ours) else f"{at}.kmsKey"
    return path


def _ours(key: object) -> bool:
    return isinstance(key, str) and key != "" and "alias/aws/" not in key


RULES = (
    Rule(
        "DEP043",
        "Images, secrets, topics, variables and objects are encrypted with a key of your own",
        Severity.MEDIUM,
        "Name a key of KMS that you made; one of AWS's own (alias/aws/…) is nobody's to withdraw.",
        ("CKV_AWS_26", "CKV_AWS_136", "CKV_AWS_149", "CKV_AWS_173", "ECR.5"),
        _own,
    ),
)
