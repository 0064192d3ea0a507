"""What the rules about Google Cloud and Azure have in common."""

import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import NamedTuple

from infra.policy.rules._links import linked
from infra.policy.rules._values import document, entries, listed, text, unknown
from infra.resources import Program, Resource

__all__ = [
    "EVERYBODY",
    "Grant",
    "azure",
    "azure_type",
    "grants",
    "owned",
    "providers",
    "vague",
]

EVERYBODY = frozenset({"allUsers", "allAuthenticatedUsers"})
"""Google Cloud's names for anybody, and for anybody with a Google account."""

_GRANT = re.compile(r"\w*[iI][aA][mM](?:Member|Binding|Policy):\w+")
_DATED = re.compile(r"/v\d{8}\w*")


class Grant(NamedTuple):
    """Who may do what, by one of Google Cloud's IAM resources.

    Attributes:
        role: such as ``roles/storage.admin``; "" if not known.
        members: that are known.
        path: of the input that names them.

    """

    role: str
    members: tuple[str, ...]
    path: str


def vague(value: object) -> bool:
    """Return whether a value is not known, or is a text made from one that is not."""
    return unknown(value) or "${" in text(value)


def grants(resource: Resource) -> Iterator[Grant]:
    """Yield what an IAM member, binding or policy of Google Cloud grants; nothing for others."""
    if resource.package != "gcp" or not _GRANT.fullmatch(resource.type.rpartition("/")[2]):
        return
    inputs = resource.inputs
    for path in ("member", "members"):
        if path in inputs:
            yield Grant(text(inputs.get("role")), _known(inputs[path]), path)
    for path, binding in entries(document(inputs.get("policyData")), "bindings"):
        role, members = text(binding.get("role")), _known(binding.get("members"))
        yield Grant(role, members, f"policyData.{path}")


def _known(value: object) -> tuple[str, ...]:
    return tuple(each for each in listed(value) if isinstance(each, str))


def providers(program: Program) -> dict[str, Resource]:
    """Return the explicit provider of each resource that has one, by the resource's URN."""
    found = {each.urn: each for each in program if each.type.startswith("pulumi:providers:")}
    makers = {}
    for each in program:
        # With or without the provider's id behind its URN, as a state has it.
        maker = found.get(each.provider) or found.get(each.provider.rpartition("::")[0])
        if maker:
            makers[each.urn] = maker
    return makers


@cache
def azure_type(token: str) -> str:
    """Return a type of azure-native without the version of its API; any other as it is.

    >>> azure_type("azure-native:storage/v20230101:StorageAccount")
    'azure-native:storage:StorageAccount'
    """
    return _DATED.sub("", token, count=1) if token.startswith("azure-native:") else token


def azure(program: Program, *names: str) -> list[Resource]:
    """Return the resources of some of azure-native's types, such as ``storage:StorageAccount``."""
    wanted = {f"azure-native:{each}" for each in names}
    return [each for each in program if azure_type(each.type) in wanted]


def owned(
    program: Program, target: Resource, name: str, *, by: str, names: Sequence[str]
) -> list[Resource]:
    """Return the resources of one of azure-native's types that belong to `target`.

    Args:
        program: in which to look.
        target: what they belong to.
        name: of the type, such as ``storage:BlobContainer``.
        by: their input that names it, such as ``accountName``.
        names: inputs of `target` that hold its literal name.

    """
    types = sorted({each.type for each in azure(program, name)})
    return linked(program, target, types, by=by, names=names)
