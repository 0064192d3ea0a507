"""Who may have what decrypted by KMS: DEP041 and DEP042."""

from collections.abc import Iterator
from fnmatch import fnmatchcase

from infra.policy.model import Demands, Problem, Rule, Severity
from infra.policy.rules._statements import Statement, held
from infra.policy.rules.aws_iam import documents
from infra.resources import Program

__all__ = ["RULES"]

_DECRYPT = ("kms:decrypt", "kms:reencryptfrom")
# What tells keys apart without their ARNs; kms:ViaService and its like do not.
_KEYS = ("kms:resourcealiases", "kms:requestalias", "aws:resourcetag/", "aws:resourceaccount")
# What reads data that its service has KMS decrypt for the caller.
_READS = {
    "dynamodb:getitem": "DynamoDB",
    "s3:getobject": "S3",
    "secretsmanager:getsecretvalue": "Secrets Manager",
    "sqs:receivemessage": "SQS",
    "ssm:getparameter": "Parameter Store",
    "ssm:getparameters": "Parameter Store",
}
_ENOUGH = ("kms:viaservice", "kms:encryptioncontext:")


def _named_keys(program: Program, demands: Demands) -> Iterator[Problem]:
    for resource, _, found in documents(program):
        for each in found:
            if _decrypts(each) and _any_key(each) and not held(each, _tells_keys):
                yield Problem(resource, "may have things decrypted with any key", each.path)


def _decrypts(statement: Statement) -> bool:
    # Whoever may do everything is told so by DEP011, and once is enough.
    return statement.allow and any(
        pattern.startswith("kms:") and fnmatchcase(name, pattern)
        for pattern in (each.lower().replace("[", "[[]") for each in statement.actions)
        for name in _DECRYPT
    )


def _any_key(statement: Statement) -> bool:
    return any(each == "*" or each.endswith((":key/*", ":*")) for each in statement.resources)


def _tells_keys(key: str) -> bool:
    return key.startswith(_KEYS)


def _through(program: Program, demands: Demands) -> Iterator[Problem]:
    for resource, _, found in documents(program):
        reads = {
            service
            for each in found
            for action in each.actions
            for name, service in _READS.items()
            if each.allow and fnmatchcase(name, action.lower())
        }
        for each in found:
            if reads and _decrypts(each) and not held(each, lambda key: key.startswith(_ENOUGH)):
                yield Problem(
                    resource,
                    f"what it reads through {', '.join(sorted(reads))} it may have decrypted "
                    "without, too",
                    each.path,
                )


RULES = (
    Rule(
        "DEP041",
        "Identities decrypt with named keys",
        Severity.MEDIUM,
        "Name the ARNs of the keys in Resource; a condition on the service names no key.",
        ("KMS.1", "KMS.2"),
        _named_keys,
    ),
    Rule(
        "DEP042",
        "Identities decrypt through the service that they read from",
        Severity.LOW,
        "Add the condition StringEquals kms:ViaService, such as s3.eu-central-1.amazonaws.com.",
        (),
        _through,
    ),
)
