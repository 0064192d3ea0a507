"""What a Pulumi program asked for: resources, where in its source, and how they hang together.

Recorded without an engine or read from a stack's state; policies, differences, costs and pictures
are made from this alone.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

__all__ = ["COMPUTED", "SECRET", "Place", "Program", "Resource", "computed", "secret"]

COMPUTED: Mapping[str, Any] = {"$computed": True}
"""Stands in inputs for what a cloud will only tell after the resource was made."""

SECRET: Mapping[str, Any] = {"$secret": True}
"""Stands in inputs for a secret; the value itself is never recorded."""


def computed(value: object) -> bool:
    """Return whether an input is not known yet."""
    return isinstance(value, Mapping) and "$computed" in value


def secret(value: object) -> bool:
    """Return whether an input is a secret."""
    return isinstance(value, Mapping) and "$secret" in value


class Place(msgspec.Struct, frozen=True, omit_defaults=True):
    """A line of a program; `file` is relative to the program's folder where it lies below it."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


class Resource(msgspec.Struct, frozen=True, omit_defaults=True):
    """One resource.

    Attributes:
        urn: its identity, as Pulumi builds it.
        type: Pulumi's type token, such as ``aws:s3/bucket:Bucket``.
        name: its name in the program.
        inputs: property → value, in the provider's own names (camelCase), as Pulumi sends them;
            `COMPUTED` and `SECRET` stand for what is not known or must not be.
        parent: URN of the resource above it; "" if there is none.
        depends_on: URNs of what must be there before it.
        references: top-level property → URNs of the resources whose outputs it is made from.
        component: whether it only groups others.
        protect: whether the engine refuses to delete it.
        retain: whether it stays in the cloud when it leaves the program.
        provider: URN of an explicit provider; "" for the default one.
        place: where the program asked for it; None if that cannot be told.

    """

    urn: str
    type: str
    name: str
    inputs: dict[str, Any] = {}
    parent: str = ""
    depends_on: tuple[str, ...] = ()
    references: dict[str, tuple[str, ...]] = {}
    component: bool = False
    protect: bool = False
    retain: bool = False
    provider: str = ""
    place: Place | None = None

    @property
    def package(self) -> str:
        """The provider's name, such as ``aws``, ``gcp`` or ``azure-native``."""
        return self.type.partition(":")[0]


class Program(msgspec.Struct, frozen=True, omit_defaults=True):
    """Everything that one program asked for.

    Attributes:
        project: name in its ``Pulumi.yaml``.
        stack: the stack it was run as.
        cloud: ``aws``, ``gcp``, ``azure``, ``local``; "" for a program that is not ours.
        region: that its configuration names; "" if none.
        resources: in the order in which they were registered.
        outputs: of the stack, secrets and unknown values as in inputs.
        notes: what could not be followed, a line each.

    """

    project: str
    stack: str
    cloud: str = ""
    region: str = ""
    resources: tuple[Resource, ...] = ()
    outputs: dict[str, Any] = {}
    notes: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[Resource]:
        return iter(self.resources)

    def of_type(self, *types: str) -> Sequence[Resource]:
        """Return the resources whose type token is one of these."""
        return [each for each in self.resources if each.type in types]

    def referring(self, target: Resource, *types: str) -> Sequence[Resource]:
        """Return the resources of these types that are made from an output of `target`."""
        return [
            each
            for each in self.of_type(*types)
            if any(target.urn in urns for urns in each.references.values())
        ]
