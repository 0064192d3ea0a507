"""What a request to register a resource says, as it is recorded."""

from collections.abc import Mapping
from typing import Any

from infra.review.child.marks import Marks
from infra.review.child.values import plain

__all__ = ["STACK", "described"]

STACK = "pulumi:pulumi:Stack"


def described(
    request: Any,
    *,
    urn: str,
    inputs: Mapping[str, Any],
    above: Mapping[str, Any],
    marks: Marks,
    place: dict[str, Any] | None,
) -> dict[str, Any]:
    """Return a resource as `infra.resources.Resource` has it.

    Args:
        request: a RegisterResourceRequest.
        urn: of the resource.
        inputs: of the resource, as the wire has them.
        above: its parent, described before; empty if it has none.
        marks: of the program.
        place: the line that asked for it.

    """
    references = _references(request, inputs, marks)
    needed = {urn for urns in references.values() for urn in urns}
    return {
        "urn": urn,
        "type": request.type,
        "name": request.name,
        "inputs": {key: plain(value, marks) for key, value in inputs.items()},
        "parent": "" if f"::{STACK}::" in request.parent else request.parent,
        "depends_on": sorted(needed.union(request.dependencies)),
        "references": references,
        "component": not request.custom,
        "protect": _inherited(request, "protect", above.get("protect", False)),
        "retain": _inherited(request, "retainOnDelete", above.get("retain", False)),
        "provider": request.provider.rpartition("::")[0],
        "place": place,
    }


def _references(request: Any, inputs: Mapping[str, Any], marks: Marks) -> dict[str, list[str]]:
    """Return property → URNs: what the SDK says, and whose marks are found in it.

    The SDK loses sight of what a transform put in.
    """
    said = request.propertyDependencies
    found = {key: set(said[key].urns) if key in said else set() for key in {*inputs, *said}}
    for key, value in inputs.items():
        found[key] |= marks.owners(value)
    return {key: sorted(urns) for key, urns in sorted(found.items()) if urns}


def _inherited(request: Any, name: str, above: bool) -> bool:
    """Return an option that children take from their parent when they do not set it."""
    try:
        said = request.HasField(name)
    except ValueError:  # an SDK whose field is always there
        said = bool(getattr(request, name))
    return bool(getattr(request, name)) if said else above
