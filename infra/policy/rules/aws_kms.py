"""Keys of AWS KMS: DEP015."""

from collections.abc import Iterator

from infra.policy.model import Demands, Problem, Rule, Severity
from infra.policy.rules._links import linked
from infra.policy.rules._statements import anyone, scoped, statements
from infra.policy.rules._values import is_true, text, unknown
from infra.resources import Program, Resource

__all__ = ["RULES"]

_KEY = "aws:kms/key:Key"
_POLICY = "aws:kms/keyPolicy:KeyPolicy"


def _keys(program: Program, demands: Demands) -> Iterator[Problem]:
    for key in program.of_type(_KEY):
        if not is_true(key.inputs.get("enableKeyRotation")) and _rotates(key):
            yield Problem(key, "the key is never rotated", "enableKeyRotation")
        if key.inputs.get("policy") is None and not linked(
            program, key, [_POLICY], by="keyId", names=()
        ):
            yield Problem(key, "the key has no policy, so IAM alone says who may use it")
    for resource in program.of_type(_KEY, _POLICY):
        for each in statements(resource.inputs.get("policy")):
            if each.allow and anyone(each) and not scoped(each):
                yield Problem(resource, "the key's policy allows something to everybody", each.path)


def _rotates(key: Resource) -> bool:
    """Return whether AWS can rotate a key: only symmetric ones made by itself.

    https://docs.aws.amazon.com/kms/latest/developerguide/rotate-keys.html
    """
    spec = key.inputs.get("customerMasterKeySpec")
    usage = key.inputs.get("keyUsage")
    return (
        not unknown(spec)
        and text(spec) in {"", "SYMMETRIC_DEFAULT"}
        and not unknown(usage)
        and text(usage) in {"", "ENCRYPT_DECRYPT"}
        and not key.inputs.get("customKeyStoreId")
    )


RULES = (
    Rule(
        "DEP015",
        "Keys are rotated and have a policy that names principals",
        Severity.HIGH,
        "Set enableKeyRotation, and a policy whose statements name who may use the key.",
        ("CKV_AWS_7", "CKV_AWS_33", "CKV2_AWS_64"),
        _keys,
    ),
)
