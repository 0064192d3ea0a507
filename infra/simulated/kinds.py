"""What is known of a type of resource: its name, its id, what it needs, what forces a new one."""

import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, NamedTuple

__all__ = ["Kind", "kind_of"]


class Kind(NamedTuple):
    """Facts about a type.

    Texts are templates: ``{property}`` of the inputs, ``{name}``, ``{id}``, ``{region}``,
    ``{account}``, ``{project}``, ``{subscription}``, ``{token}`` (32 random hex digits),
    ``{revision}`` (one more with each update).

    Attributes:
        name: property that holds its name; "" if it has none.
        joint: between a name of ours and the random end that makes it unique; None if the cloud
            would refuse to have it without a name.
        legal: what the cloud lets it be called, as a pattern.
        unique: whether a second one of that name is refused.
        id: template.
        outputs: path → template or value that the cloud adds.
        replace: properties that force a new one.
        needs: property → types, one of which must be there under that name, id or ARN.
        keeps: what it must be empty of before it is deleted; "" if it does not matter.
        force: property that lets it be deleted all the same.
        shape: makes what the cloud tells of what it was asked, where the two differ in shape.

    """

    name: str = ""
    joint: str | None = "-"
    legal: str = ""
    unique: bool = False
    id: str = "{token}"
    outputs: Mapping[str, Any] = {}
    replace: frozenset[str] = frozenset()
    needs: Mapping[str, tuple[str, ...]] = {}
    keeps: str = ""
    force: str = ""
    shape: Callable[[dict[str, Any]], dict[str, Any]] = dict

    def refuses(self, name: str) -> bool:
        """Return whether the cloud refuses that name."""
        return bool(self.legal) and re.fullmatch(self.legal, name) is None


@cache
def kind_of(type_: str) -> Kind:
    """Return what is known of a type; of one that is not in the table, what its cloud does mostly."""
    from infra.simulated import kinds_aws, kinds_azure, kinds_gcp  # noqa: PLC0415 - they import us

    if type_.startswith("aws:"):
        return kinds_aws.kind_of(type_)
    if type_.startswith("gcp:"):
        return kinds_gcp.kind_of(type_)
    return kinds_azure.kind_of(type_)
