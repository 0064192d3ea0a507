"""What a program would change: two programs, or a stack's state and a program, side by side."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any, Literal

import msgspec

from infra.policy.secrets import redact
from infra.resources import Place, Program, Resource
from infra.review.differing import PropertyChange, differences, unknowns
from infra.review.replacing import forces_replacement

__all__ = ["Change", "PropertyChange", "compare", "counts"]

Kind = Literal["create", "update", "replace", "delete", "same"]
KINDS: tuple[Kind, ...] = ("delete", "replace", "update", "create", "same")
_SIMILAR_ENOUGH = 3


class Change(msgspec.Struct, frozen=True, omit_defaults=True):
    """What happens to one resource.

    Attributes:
        kind: what the engine would do.
        urn: of the resource now; of a deleted one as it was.
        type: of the resource.
        name: of the resource.
        properties: what is different; empty for created and deleted resources.
        place: source line; None if not known.
        protected: whether the engine refuses to delete what is there: the program must unprotect
            it first.
        retained: whether it stays in the cloud when it is deleted from the program.
        unknown: top-level properties of which only the cloud can tell whether they change.
        note: what to look out for, in a line; "" if there is nothing.

    """

    kind: Kind
    urn: str
    type: str
    name: str
    properties: tuple[PropertyChange, ...] = ()
    place: Place | None = None
    protected: bool = False
    retained: bool = False
    unknown: tuple[str, ...] = ()
    note: str = ""


def counts(changes: Iterable[Change]) -> dict[str, int]:
    """Return how many resources there are of each kind of change."""
    found = dict.fromkeys(KINDS, 0)
    for each in changes:
        found[each.kind] += 1
    return {str(kind): number for kind, number in found.items()}


def compare(before: Program | None, after: Program) -> list[Change]:
    """Return a change for every resource of either, in the order of the program; deleted ones last.

    Resources are the same if type, name and the types above them are: the stack's name, which
    tells a review from a deployment, does not count. Components and providers are left out; they
    cost nothing and are nowhere.

    Args:
        before: the last plan, or a stack's state; None if there is none: everything is created.
        after: the program as it is now.

    """
    old = {_key(each): each for each in _real(before)} if before is not None else {}
    new = {_key(each): each for each in _real(after)}
    moved = _moved(before, after)
    changes = [
        _created(each) if key not in old else _changed(old[key], each, moved)
        for key, each in new.items()
    ]
    gone = [each for key, each in old.items() if key not in new]
    come = [each for key, each in new.items() if key not in old]
    return [*changes, *(_deleted(each, come) for each in gone)]


def _real(program: Program) -> list[Resource]:
    return [
        each
        for each in program
        if not each.component and not each.type.startswith(("pulumi:providers:", "pulumi:pulumi:"))
    ]


def _key(resource: Resource) -> str:
    """Return the URN without ``urn:pulumi:STACK::PROJECT::``."""
    parts = resource.urn.split("::", 2)
    last = parts[-1] if len(parts) > 2 else f"{resource.type}::{resource.name}"  # noqa: PLR2004
    # State says `pulumi:pulumi:Stack$…`; programs that were recorded may or may not.
    return last.removeprefix("pulumi:pulumi:Stack$")


def _moved(before: Program | None, after: Program) -> PropertyChange | None:
    """Return the change of the region that the whole program is configured for."""
    if before is None or not before.region or not after.region or before.region == after.region:
        return None
    return PropertyChange(
        "(region of the provider)", "change", old=before.region, new=after.region, replaces=True
    )


def _inputs(resource: Resource, other: Resource) -> dict[str, Any]:
    """Return inputs without secrets, and without what a provider filled in by itself."""
    filled = resource.inputs.get("__defaults")
    defaults = set(filled) if isinstance(filled, list) else set()
    return {
        name: _without_defaults(value)
        for name, value in redact(resource.inputs).items()
        if not name.startswith("__") and not (name in defaults and name not in other.inputs)
    }


def _without_defaults(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {k: _without_defaults(v) for k, v in value.items() if k != "__defaults"}
    if isinstance(value, list):
        return [_without_defaults(each) for each in value]
    return value


def _changed(old: Resource, new: Resource, moved: PropertyChange | None) -> Change:
    before, after = _inputs(old, new), _inputs(new, old)
    found = [
        msgspec.structs.replace(each, replaces=forces_replacement(new.type, each.path))
        for each in differences(before, after)
    ]
    if moved is not None and "region" not in after and "location" not in after:
        found.insert(0, moved)
    elif old.provider and new.provider and _last(old.provider) != _last(new.provider):
        found.insert(
            0, PropertyChange("(provider)", "change", _last(old.provider), _last(new.provider))
        )
    found += _rewired(old, new, before, after, {each.path for each in found})
    for name in ("protect", "retain"):
        was, now = getattr(old, name), getattr(new, name)
        if was != now:
            found.append(PropertyChange(f"(option) {name}", "change", was, now))
    kind: Kind = "same"
    if found:
        kind = "replace" if any(each.replaces for each in found) else "update"
    return Change(
        kind,
        new.urn,
        new.type,
        new.name,
        tuple(found),
        new.place,
        protected=old.protect,
        retained=old.retain,
        unknown=unknowns(before, after),
        note="it is protected: the engine refuses to replace it"
        if kind == "replace" and old.protect
        else "",
    )


def _rewired(
    old: Resource,
    new: Resource,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    told: Collection[str],
) -> list[PropertyChange]:
    """Return the properties that are made from outputs of other resources than before.

    Their values are not known yet, and do not tell it.
    """
    found = []
    for name in sorted({*old.references, *new.references} & {*before} & {*after}):
        was, now = (sorted(map(_of_urn, r.references.get(name, ()))) for r in (old, new))
        if was and now and was != now and not any(path.startswith(name) for path in told):
            found.append(
                PropertyChange(
                    f"{name} (made from)",
                    "change",
                    ", ".join(was),
                    ", ".join(now),
                    forces_replacement(new.type, name),
                )
            )
    return found


def _of_urn(urn: str) -> str:
    return "::".join(urn.split("::")[2:]).removeprefix("pulumi:pulumi:Stack$")


def _last(urn: str) -> str:
    """Return the name in a provider reference ``URN::ID``: the id differs from run to run."""
    parts = urn.split("::")
    return "::".join(parts[2:4]) if len(parts) > 3 else urn  # noqa: PLR2004


def _created(new: Resource) -> Change:
    return Change("create", new.urn, new.type, new.name, place=new.place, protected=new.protect)


def _deleted(old: Resource, come: list[Resource]) -> Change:
    note = ""
    if old.protect:
        note = "it is protected: the engine refuses to delete it"
    elif old.retain:
        note = "it stays in the cloud, and nobody manages it any more"
    for each in come:
        if each.type == old.type and _alike(old, each):
            note = f"{each.name} looks the same: renamed? then give it an alias of {old.name}"
    return Change(
        "delete",
        old.urn,
        old.type,
        old.name,
        # A state names files from where its project was: often from elsewhere.
        place=old.place if old.place and not old.place.file.startswith(("..", "/")) else None,
        protected=old.protect,
        retained=old.retain,
        note=note,
    )


def _alike(old: Resource, new: Resource) -> bool:
    """Return whether two resources have enough in common to be the same under another name."""
    one, other = _inputs(old, new), _inputs(new, old)
    if old.name == new.name:
        return True
    return bool(one) and len(differences(one, other)) < min(_SIMILAR_ENOUGH, len(one))
