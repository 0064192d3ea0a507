"""Every single safe default of a recorded program, taken away one at a time."""

import copy
import json
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

import msgspec

from infra.resources import Program, Resource

# The unsafe (or cloud's own) counterpart of a word that only a safe program writes.
WORSE = {
    "Enabled": "Suspended",
    "IMMUTABLE": "MUTABLE",
    "BucketOwnerEnforced": "ObjectWriter",
    "CUSTOM": "NONE",
    "KMS": "AES256",
    "aws:kms": "AES256",
    "TLS_1_2": "TLS_1_0",
    "TLS1_2": "TLS1_0",
    "enforced": "inherited",
    "Deny": "Allow",
    "Disabled": "Enabled",
    "HTTPS": "HTTP",
    "UserAssigned": "None",
    "enabled": "disabled",
}

# What is worse of AWS's inputs by their names, as a number or a name tells nothing by itself.
WORSE_AT: dict[str, Any] = {
    "authorizerResultTtlInSeconds": 300,
    "cidrIpv4": "0.0.0.0/0",
    "desyncMitigationMode": "monitor",
    "functionVersion": "$LATEST",
    "image": "registry.example/penguins:latest",
    "imageUri": "registry.example/penguins:latest",
    "kmsKey": "alias/aws/ecr",
    "kmsKeyArn": "alias/aws/lambda",
    "kmsKeyId": "alias/aws/secretsmanager",
    "kmsMasterKeyId": "alias/aws/sns",
    "recoveryWindowInDays": 0,
    "reservedConcurrentExecutions": -1,
    "retentionInDays": 1,
    "sslPolicy": "ELBSecurityPolicy-2016-08",
    "user": "0",
}

# The same of Google Cloud's and of Azure's; what is as bad as that already is left as it is.
WORSE_AT_GCP: dict[str, Any] = {
    "destroyScheduledDuration": "86400s",
    "enablementConfig": "DISABLED",
    "image": "registry.example/penguins:latest",
    "ingress": "INGRESS_TRAFFIC_ALL",
    "kmsKeyName": "",
    "retentionDays": 1,
    "retentionDurationSeconds": 0,
    "rotationPeriod": "31536000s",
}
WORSE_AT_AZURE: dict[str, Any] = {
    "destination": "none",
    "destinationPortRanges": ["*"],
    "image": "registry.example/penguins:latest",
    "keySize": 2048,
    "privateEndpointNetworkPolicies": "Disabled",
    "privateLinkServiceNetworkPolicies": "Disabled",
    "publicNetworkAccess": "Enabled",
    "retentionInDays": 30,
    "timeAfterCreate": "P10Y",
    "zoneRedundancy": "Disabled",
}

# What gives everybody, or everything, in Google's and Azure's grants; AWS's are documents.
WIDER = {
    "member": "allUsers",
    "role": "roles/owner",
    "roleDefinitionId": "/providers/Microsoft.Authorization/roleDefinitions/8e3af657-a8ff-443c-a75c-2fe8c4bcb635",
}


_TABLES = {"aws": WORSE_AT, "gcp": WORSE_AT_GCP, "azure-native": WORSE_AT_AZURE}
_NOTHING = type("Nothing", (), {})()


class Mutation(NamedTuple):
    """One change for the worse.

    Attributes:
        what: ``drop``, ``unprotect``, ``remove PATH``, ``flip PATH``, ``worsen PATH``,
            ``widen PATH``, ``widen PATH STATEMENT FIELD``, ``drop PATH STATEMENT``,
            ``narrow PATH STATEMENT Resource[N]`` of what a statement refuses.
        resource: whose.
        program: with it.

    """

    what: str
    resource: Resource
    program: Program

    def __str__(self) -> str:
        return f"{self.what} of {self.resource.type} {self.resource.name}"


class Exempt(NamedTuple):
    """What is no safe default: without it the endpoint does something else, not something less safe.

    Attributes:
        type: glob on type tokens.
        what: glob on `Mutation.what`.
        why: in a few words.
        name: glob on names.

    """

    type: str
    what: str
    why: str
    name: str = "*"

    def covers(self, mutation: Mutation) -> bool:
        return (
            fnmatchcase(mutation.resource.type, self.type)
            and fnmatchcase(mutation.what, self.what)
            and fnmatchcase(mutation.resource.name, self.name)
        )


def mutations(program: Program) -> Iterator[Mutation]:
    """Yield every mutation, in the order of the resources."""
    used = {urn for each in program for urns in each.references.values() for urn in urns}
    for resource in program:
        if resource.component:
            continue
        if resource.urn not in used:
            rest = tuple(each for each in program if each.urn != resource.urn)
            yield Mutation("drop", resource, msgspec.structs.replace(program, resources=rest))
        if resource.protect:
            yield _with(program, resource, "unprotect", protect=False)
        for what, inputs in _worse(resource.inputs, resource.package):
            references = {k: v for k, v in resource.references.items() if k in inputs}
            yield _with(program, resource, what, inputs=inputs, references=references)


def _with(program: Program, resource: Resource, what: str, **changes: Any) -> Mutation:
    changed = msgspec.structs.replace(resource, **changes)
    listed = tuple(changed if each.urn == resource.urn else each for each in program)
    return Mutation(what, resource, msgspec.structs.replace(program, resources=listed))


def _worse(inputs: dict[str, Any], package: str) -> Iterator[tuple[str, dict[str, Any]]]:
    worse_at = _TABLES[package]
    for path, value in list(_walk(inputs, ())):
        name = _named(path)
        if isinstance(path[-1], str) or len(_at(inputs, path[:-1])) > 1 or isinstance(value, dict):
            yield f"remove {name}", _without(inputs, path)
        if isinstance(value, bool):
            yield f"flip {name}", _put(inputs, path, not value)
        elif isinstance(value, type(worse_at.get(str(path[-1]), _NOTHING))):
            if worse_at[str(path[-1])] != value:
                yield f"worsen {name}", _put(inputs, path, worse_at[str(path[-1])])
        elif isinstance(value, str) and _grants(path[-1], value):
            yield f"widen {name}", _put(inputs, path, WIDER[str(path[-1])])
        elif isinstance(value, str) and value in WORSE:
            yield f"worsen {name}", _put(inputs, path, WORSE[value])
        elif isinstance(value, str) and value.startswith(('{"', '[{"')):
            for what, text in _worse_document(name, value, package):
                yield what, _put(inputs, path, text)


def _worse_document(name: str, value: str, package: str) -> Iterator[tuple[str, str]]:
    """Yield what is done to the JSON in an input, and the JSON then."""
    if value.startswith('{"'):
        for what, text in _worse_policy(value):
            verb, _, where = what.partition(" ")
            yield f"{verb} {name} {where}", text
        return
    for what, inner in _worse({"": json.loads(value)}, package):
        verb, _, where = what.partition(" ")
        if where:
            yield f"{verb} {name}{where}", json.dumps(inner[""])


def _grants(key: str | int, value: str) -> bool:
    return key in WIDER and (key != "role" or value.startswith("roles/"))


def _worse_policy(text: str) -> Iterator[tuple[str, str]]:
    """Yield documents of IAM with one statement less safe."""
    document = json.loads(text)
    for index, statement in enumerate(document.get("Statement", ())):
        sid = statement.get("Sid", str(index))
        if statement["Effect"] == "Deny":
            yield f"drop {sid}", json.dumps(_without(document, ("Statement", index)))
            several = statement["Resource"] if isinstance(statement["Resource"], list) else []
            for at in range(len(several)):
                less = _without(document, ("Statement", index, "Resource", at))
                yield f"narrow {sid} Resource[{at}]", json.dumps(less)
            continue
        for field in ("Action", "Resource", "Principal"):
            if field in statement and statement[field] != "*":
                yield (
                    f"widen {sid} {field}",
                    json.dumps(_put(document, ("Statement", index, field), "*")),
                )
        if "Condition" in statement:
            yield (
                f"widen {sid} Condition",
                json.dumps(_without(document, ("Statement", index, "Condition"))),
            )


_Path = tuple[str | int, ...]


def _walk(value: Any, path: _Path) -> Iterator[tuple[_Path, Any]]:
    if isinstance(value, dict):
        inner: Any = value.items()
    elif isinstance(value, list):
        inner = enumerate(value)
    else:
        return
    for key, each in inner:
        if isinstance(key, str) and key.startswith(("$", "__")):
            continue
        yield (*path, key), each
        yield from _walk(each, (*path, key))


def _at(value: Any, path: _Path) -> Any:
    for key in path:
        value = value[key]
    return value


def _put(inputs: dict[str, Any], path: _Path, value: Any) -> dict[str, Any]:
    made = copy.deepcopy(inputs)
    _at(made, path[:-1])[path[-1]] = value
    return made


def _without(inputs: dict[str, Any], path: _Path) -> dict[str, Any]:
    made = copy.deepcopy(inputs)
    del _at(made, path[:-1])[path[-1]]
    return made


def _named(path: _Path) -> str:
    return "".join(f"[{each}]" if isinstance(each, int) else f".{each}" for each in path)[1:]
