"""Recorded Pulumi programs of AWS as what ``terraform show -json`` says of a plan.

Pulumi's provider is made from Terraform's, so names differ only in spelling: camelCase instead of
snake_case, and plural lists where Terraform repeats a block.
The format: https://developer.hashicorp.com/terraform/internals/json-format.
"""

import re
from typing import Any

from infra.resources import Program, Resource

_TYPES = {
    "aws:lb/loadBalancer:LoadBalancer": "aws_lb",
    "aws:s3/bucketReplicationConfig:BucketReplicationConfig": (
        "aws_s3_bucket_replication_configuration"
    ),
}
_MODULES = {"ec2": "", "apigateway": "api_gateway_"}
_NAMES = {
    "rules": "rule",
    "defaultActions": "default_action",
    "restApi": "rest_api_id",
    "settings": "setting",
    "encryptionConfigurations": "encryption_configuration",
}
# The blocks, which a plan has as lists even if there can be but one.
_MAPS = frozenset({"tags", "variables"})
_OUTPUT = re.compile(r"\$\{(aws:[\w/]+:\w+)::([\w-]+)\.(\w+)\}")


def plan(program: Program) -> dict[str, Any]:
    """Return the plan that makes what a program asks for."""
    resources = [_resource(each) for each in program if each.package == "aws"]
    return {
        "format_version": "1.2",
        "terraform_version": "1.9.0",
        "planned_values": {"root_module": {"resources": resources}},
        "resource_changes": [
            {
                **{key: each[key] for key in ("address", "mode", "type", "name")},
                "change": {"actions": ["create"], "before": None, "after": each["values"]},
            }
            for each in resources
        ],
        "configuration": {
            "root_module": {
                "resources": [_expressions(each) for each in program if each.package == "aws"]
            }
        },
    }


def address(resource: Resource) -> str:
    return f"{_type(resource.type)}.{resource.name}"


def _head(resource: Resource) -> dict[str, Any]:
    return {
        "address": address(resource),
        "mode": "managed",
        "type": _type(resource.type),
        "name": resource.name,
    }


def _resource(resource: Resource) -> dict[str, Any]:
    return {
        **_head(resource),
        "values": {
            _name(name): _value(value, name)
            for name, value in resource.inputs.items()
            if not _output(value)
        },
    }


def _expressions(resource: Resource) -> dict[str, Any]:
    found = {name: _output(value) for name, value in resource.inputs.items()}
    return {
        **_head(resource),
        "expressions": {
            _name(name): {"references": [f"{target}.{output}", target]}
            for name, reference in found.items()
            if reference
            for target, output in [reference]
        },
    }


def _output(value: Any) -> tuple[str, str] | None:
    """Return the address and the name of the output that a value is; None if it is another."""
    found = _OUTPUT.fullmatch(value) if isinstance(value, str) else None
    return (f"{_type(found[1])}.{found[2]}", _snake(found[3])) if found else None


def _type(token: str) -> str:
    if token in _TYPES:
        return _TYPES[token]
    module, _, name = token.split(":")[1].partition("/")
    return f"aws_{_MODULES.get(module, module + '_')}{_snake(name)}"


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def _name(name: str) -> str:
    return _NAMES.get(name, _snake(name))


def _value(value: Any, name: str) -> Any:
    if isinstance(value, dict):
        if name in _MAPS:
            return value
        return [{_snake(key): _value(each, key) for key, each in value.items()}]
    if isinstance(value, list):
        return [
            {_snake(key): _value(one, key) for key, one in each.items()}
            if isinstance(each, dict)
            else _value(each, name)
            for each in value
        ]
    return value
