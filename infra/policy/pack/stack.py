"""A stack as the engine's analyzer shows it, as the program that the policies read."""

from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any

from pulumi import Asset, FileArchive, FileAsset
from pulumi_policy import PolicyResource
from pulumi_policy.proxy import UnknownValueError

from infra.policy.secrets import redact
from infra.resources import COMPUTED, Program, Resource

__all__ = ["plain", "program"]

_PROVIDER = "pulumi:providers:"
_STACK = "pulumi:pulumi:Stack"


def program(resources: Sequence[PolicyResource]) -> Program:
    """Return the program of a stack.

    Its resources have no source lines, and `retain` is always false: the engine tells an analyzer
    neither. Their inputs are what the engine calls outputs, which begin as the inputs.
    """
    found = {each.urn: _resource(each) for each in resources if each.resource_type != _STACK}
    for each in resources:
        maker = each.provider
        if maker is not None and maker.urn not in found:
            found[maker.urn] = Resource(
                urn=maker.urn,
                type=maker.resource_type,
                name=maker.name,
                inputs=redact(plain(maker.props)),
            )
    stack, project = _identity(next(iter(found), ""))
    return Program(project=project, stack=stack, resources=tuple(found.values()))


def _identity(urn: str) -> tuple[str, str]:
    """Return stack and project of ``urn:pulumi:STACK::PROJECT::…``."""
    parts = urn.split("::")
    return (parts[0].rpartition(":")[2], parts[1]) if len(parts) > 1 else ("", "")


def _resource(seen: PolicyResource) -> Resource:
    return Resource(
        urn=seen.urn,
        type=seen.resource_type,
        name=seen.name,
        inputs=redact(plain(seen.props)),
        parent=seen.parent.urn if seen.parent else "",
        depends_on=tuple(each.urn for each in seen.dependencies),
        references={
            key: tuple(each.urn for each in urns)
            for key, urns in seen.property_dependencies.items()
            if urns
        },
        component=seen.provider is None and not seen.resource_type.startswith(_PROVIDER),
        protect=bool(seen.opts.protect),
        provider=seen.provider.urn if seen.provider else "",
    )


def plain(value: Any) -> Any:
    """Return what the SDK wraps as plain values; `COMPUTED` for what is not known yet.

    The SDK's wrappers raise an error when something unknown is touched.
    """
    if isinstance(value, Mapping):
        return {str(key): _item(value, key) for key in value}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [_item(value, index) for index in range(len(value))]
    if isinstance(value, FileAsset | FileArchive):
        return {"$asset": {"path": PurePath(value.path).as_posix()}}
    if isinstance(value, Asset):
        return dict(COMPUTED)
    # Numbers come as floats.
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _item(holder: Any, key: Any) -> Any:
    try:
        return plain(holder[key])
    except UnknownValueError:
        return dict(COMPUTED)
