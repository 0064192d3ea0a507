"""Finds what belongs to a resource although it is a resource of its own.

Programs say so in two ways: by an output (``bucket=models.id``), which Pulumi reports as a
reference, or by a literal name.
"""

from collections.abc import Sequence

from infra.policy.rules._values import text, unknown
from infra.resources import Program, Resource

__all__ = ["linked", "names_of"]


def names_of(resource: Resource, *properties: str) -> frozenset[str]:
    """Return the literal names that a resource is given in these inputs."""
    found = (text(resource.inputs.get(each)) for each in properties)
    return frozenset(each for each in found if each)


def linked(
    program: Program,
    target: Resource,
    types: Sequence[str],
    *,
    by: str,
    names: Sequence[str] = ("name",),
) -> list[Resource]:
    """Return the resources of some types whose input `by` means `target`.

    Args:
        program: in which to look.
        target: what they belong to.
        types: their type tokens.
        by: their input that names it, such as ``bucket``.
        names: inputs of `target` that hold its literal name.

    An input that is unknown and has no reference may mean any resource: it is taken to mean this.
    So is a literal name if the name of `target` is not known.

    """
    called = names_of(target, *names)
    unnamed = any(unknown(target.inputs.get(each)) for each in names)
    found = []
    for each in program.of_type(*types):
        urns = each.references.get(by, ())
        value = each.inputs.get(by)
        literally = text(value) and (unnamed or value in called)
        if target.urn in urns or (not urns and (unknown(value) or literally)):
            found.append(each)
    return found
