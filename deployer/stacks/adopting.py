"""What is there already under the name that a program gives it, and how it gets into the stack.

When the answer to a request for something with a name of our choice got lost, it was made and no
state knows of it. The next `up` is told that the name is taken.
"""

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from deployer.errors import FailedError

if TYPE_CHECKING:
    from pulumi.automation.events import StepEventMetadata

__all__ = ["Taken", "TakenError", "import_file", "is_taken", "taken_by"]

_TAKEN = re.compile(
    r"(?i)already ?exists?\b|alreadyowned|already own it|already existing (sub)?resource"
    r"|already a .{1,40} with that name"
)
# pulumi-azure-native looks before it creates, and names what it met by the id that imports it; how
# it quotes that depends on the type (its provider/pkg/azure/client*.go and provider.go).
_NAMED = re.compile(r"already existing (?:sub)?resource ['\"]?(?P<id>/subscriptions/[^'\"\s]+)")

# How an import names it: the section "Import" of each type in Pulumi's registry.
_IDS = {
    "aws:cloudwatch/logGroup:LogGroup": "{name}",
    "aws:ecr/repository:Repository": "{name}",
    "aws:iam/role:Role": "{name}",
    "aws:kms/alias:Alias": "{name}",
    "aws:lambda/function:Function": "{name}",
    "aws:s3/bucket:Bucket": "{bucket}",
    "gcp:artifactregistry/repository:Repository": (
        "projects/{project}/locations/{location}/repositories/{repositoryId}"
    ),
    "gcp:cloudrunv2/service:Service": "projects/{project}/locations/{location}/services/{name}",
    "gcp:kms/keyRing:KeyRing": "projects/{project}/locations/{location}/keyRings/{name}",
    "gcp:secretmanager/secret:Secret": "projects/{project}/secrets/{secretId}",
    "gcp:serviceaccount/account:Account": (
        "projects/{project}/serviceAccounts/{accountId}@{project}.iam.gserviceaccount.com"
    ),
    "gcp:storage/bucket:Bucket": "{name}",
}


class Taken(NamedTuple):
    """Something that is there already.

    Attributes:
        urn: what the stack would call it.
        type: its type token.
        id: by which it can be imported; "" if we do not know how it is named.
        parent: URN of what it would be part of.
        provider: URN of its provider.

    """

    urn: str
    type: str
    id: str
    parent: str
    provider: str

    @property
    def name(self) -> str:
        """What the program calls it."""
        return self.urn.rpartition("::")[2]


class TakenError(FailedError):
    """A name is taken.

    Attributes:
        taken: by what; all of it can be adopted.

    """

    def __init__(self, message: str, *, where: str, taken: Sequence[Taken]) -> None:
        ids = ", ".join(each.id for each in taken)
        super().__init__(
            message,
            where=where,
            hint=f"if {ids} is yours, such as of an answer that got lost: the same command with"
            " --adopt; else choose another name",
        )
        self.taken = tuple(taken)


def is_taken(message: str) -> bool:
    """Return whether a cloud's message says that a name is taken."""
    return _TAKEN.search(message) is not None


def taken_by(metadata: "StepEventMetadata", message: str) -> Taken | None:
    """Return what has the name of a resource that could not be made; None if it has no known id.

    Args:
        metadata: of the step that failed.
        message: the cloud's.

    """
    new = metadata.new
    if new is None or not is_taken(message):
        return None
    named = _NAMED.search(message)
    id_ = named["id"] if named else _id_of(metadata.type, new.inputs or {})
    if not id_:
        return None
    return Taken(
        urn=metadata.urn,
        type=metadata.type,
        id=id_,
        parent=new.parent or "",
        # A reference is URN::ID.
        provider=(metadata.provider or new.provider or "").rpartition("::")[0],
    )


def _id_of(type_: str, inputs: Mapping[str, Any]) -> str:
    template = _IDS.get(type_, "")
    needed = re.findall(r"\{(\w+)\}", template)
    if not all(isinstance(inputs.get(each), str) for each in needed):
        return ""
    return template.format_map(inputs)


def import_file(taken: Sequence[Taken]) -> tuple[list[dict[str, str]], dict[str, str]]:
    """Return resources and the table of names that an import is told."""
    names: dict[str, str] = {}
    for each in taken:
        for urn in (each.parent, each.provider):
            if urn:
                names.setdefault(urn, f"r{len(names)}")
    resources = []
    for each in taken:
        one = {"type": each.type, "name": each.name, "id": each.id}
        if each.parent:
            one["parent"] = names[each.parent]
        if each.provider:
            one["provider"] = names[each.provider]
        resources.append(one)
    return resources, {name: urn for urn, name in names.items()}
