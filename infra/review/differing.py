"""What is different between the inputs of one resource then and now, property by property.

A path is written as the program would: ``environment.variables.LEVEL``, ``ingress[0].toPort``,
``tags["my.key"]``; below ``{}`` it goes into JSON that a property holds as text, as policies are.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any, Literal

import msgspec

from infra.resources import SECRET, computed, secret

__all__ = ["HIDDEN", "PropertyChange", "differences", "fits", "unknowns"]

HIDDEN: Mapping[str, Any] = {"$hidden": True}
"""Stands for a value that was not secret, where the other side is: it may well be the same one."""

_PLAIN = re.compile(r"[A-Za-z_$][\w$-]*")
# What the recorder writes for another resource's output within a text:
# ``${aws:iam/role:Role::server.arn}``. Policies' own variables, ``${aws:username}``, have no "::".
_OUTPUT = re.compile(r"\$\{[^{}]*::[^{}]*\}")
_IDENTITIES = ("name", "Sid", "sid", "key", "id")
_DEEPEST = 32
_LONGEST = 400
_ABSENT = object()


class PropertyChange(msgspec.Struct, frozen=True, omit_defaults=True):
    """One property, or a part of one, that is different.

    Attributes:
        path: where in the inputs.
        kind: whether it came, went, or has another value.
        old: value before; None if it came.
        new: value now; None if it went.
        replaces: whether the cloud cannot change it in place.

    """

    path: str
    kind: Literal["add", "remove", "change"]
    old: Any = None
    new: Any = None
    replaces: bool = False


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[PropertyChange]:
    """Return what is different, in the order of the paths; values that a cloud must tell are not.

    Secrets are compared as such: that one became another cannot be told.
    """
    return list(_mappings(before, after, "", 0))


def unknowns(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the top-level properties that hold, on one side only, what a cloud must tell."""
    return tuple(
        name
        for name in sorted({*before, *after})
        if _count(before.get(name), 0) != _count(after.get(name), 0)
    )


def fits(text: object, pattern: object) -> bool:
    """Return whether `text` is what `pattern` may become, once the outputs within it are known."""
    if not (isinstance(text, str) and isinstance(pattern, str)):
        return False
    parts = _OUTPUT.split(pattern)
    return (
        len(parts) > 1
        and _OUTPUT.search(text) is None
        and re.fullmatch(".+?".join(map(re.escape, parts)), text, re.DOTALL) is not None
    )


def _count(value: Any, depth: int) -> int:
    """Return how many values within `value` are not known."""
    if computed(value):
        return 1
    if isinstance(value, str):
        return len(_OUTPUT.findall(value))
    if depth > _DEEPEST:
        return 0
    if isinstance(value, Mapping):
        return sum(_count(each, depth + 1) for each in value.values())
    if _listed(value):
        return sum(_count(each, depth + 1) for each in value)
    return 0


def _listed(value: object) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)


def _below(path: str, name: str) -> str:
    if not _PLAIN.fullmatch(name):
        return f"{path}[{json.dumps(name, ensure_ascii=False)}]"
    return f"{path}.{name}" if path else name


def _mappings(
    before: Mapping[str, Any], after: Mapping[str, Any], path: str, depth: int
) -> Iterator[PropertyChange]:
    for name in sorted({*before, *after}):
        old, new = before.get(name, _ABSENT), after.get(name, _ABSENT)
        # A property that is null is one that was not set.
        old, new = (_ABSENT if each is None else each for each in (old, new))
        yield from _values(old, new, _below(path, name), depth + 1)


def _values(old: Any, new: Any, path: str, depth: int) -> Iterator[PropertyChange]:
    if old is new or computed(old) or computed(new):
        return
    if secret(old) or secret(new):
        yield from _secrets(old, new, path)
    elif old is _ABSENT:
        yield PropertyChange(path, "add", new=new)
    elif new is _ABSENT:
        yield PropertyChange(path, "remove", old=old)
    elif depth < _DEEPEST and isinstance(old, Mapping) and isinstance(new, Mapping):
        yield from _mappings(old, new, path, depth)
    elif depth < _DEEPEST and _listed(old) and _listed(new):
        yield from _lists(old, new, path, depth)
    elif not _same(old, new) and not fits(old, new) and not fits(new, old):
        both = _documents(old, new) if depth < _DEEPEST else None
        if both is None:
            yield PropertyChange(path, "change", old=old, new=new)
        else:
            yield from _values(*both, f"{path}{{}}", depth + 1)


def _same(old: Any, new: Any) -> bool:
    # True == 1 in Python; 30 and 30.0 are the same number in JSON.
    return isinstance(old, bool) == isinstance(new, bool) and bool(old == new)


def _secrets(old: Any, new: Any, path: str) -> Iterator[PropertyChange]:
    if secret(old) and secret(new):
        return
    if old is _ABSENT:
        yield PropertyChange(path, "add", new=SECRET)
    elif new is _ABSENT:
        yield PropertyChange(path, "remove", old=SECRET)
    else:
        shown = [SECRET if secret(each) else HIDDEN for each in (old, new)]
        yield PropertyChange(path, "change", old=shown[0], new=shown[1])


def _documents(old: Any, new: Any) -> tuple[Any, Any] | None:
    """Return both sides as what they hold, if both are JSON text."""
    if not (isinstance(old, str) and isinstance(new, str)):
        return None
    if not (old.lstrip()[:1] in ("{", "[") and new.lstrip()[:1] in ("{", "[")):
        return None
    try:
        return json.loads(old), json.loads(new)
    except (ValueError, RecursionError):
        return None


def _lists(old: Any, new: Any, path: str, depth: int) -> Iterator[PropertyChange]:
    if len(old) > _LONGEST or len(new) > _LONGEST:
        if old != new:
            yield PropertyChange(path, "change", old=old, new=new)
        return
    identity = _identity(old, new)
    if identity is not None:
        before, after = ({str(each[identity]): each for each in side} for side in (old, new))
        for name in [*before, *(each for each in after if each not in before)]:
            at = f"{path}[{identity}={json.dumps(name, ensure_ascii=False)}]"
            yield from _values(before.get(name, _ABSENT), after.get(name, _ABSENT), at, depth + 1)
        return
    if len(old) == len(new):
        for i, (one, other) in enumerate(zip(old, new, strict=True)):
            yield from _values(one, other, f"{path}[{i}]", depth + 1)
        return
    yield from _shifted(old, new, path, depth)


def _identity(old: Any, new: Any) -> str | None:
    """Return the key that tells the elements of both lists apart, if there is one."""
    every = [*old, *new]
    if not every or not all(isinstance(each, Mapping) for each in every):
        return None
    for key in _IDENTITIES:
        names = [[each.get(key) for each in side] for side in (old, new)]
        if all(isinstance(name, str) for side in names for name in side) and all(
            len(set(side)) == len(side) for side in names
        ):
            return key
    return None


def _shifted(old: Any, new: Any, path: str, depth: int) -> Iterator[PropertyChange]:
    """Compare lists of which one has got more elements: what stayed is matched first."""
    before, after = ([_key(each) for each in side] for side in (old, new))
    for tag, a, b, c, d in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag == "equal":
            continue
        common = min(b - a, d - c)
        for i in range(common):
            yield from _values(old[a + i], new[c + i], f"{path}[{c + i}]", depth + 1)
        for i in range(a + common, b):
            yield from _values(old[i], _ABSENT, f"{path}[{i}]", depth + 1)
        for i in range(c + common, d):
            yield from _values(_ABSENT, new[i], f"{path}[{i}]", depth + 1)


def _key(value: Any) -> str:
    try:
        return json.dumps(value, sort_keys=True, default=repr)
    except (TypeError, ValueError, RecursionError):
        return repr(value)
