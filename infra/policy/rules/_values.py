"""Reads inputs as programs give them: nested, of any shape, and partly not known yet.

Nothing here raises. What is computed or secret is *unknown*; a rule takes it for granted, because
only what a program says can be held against it.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from infra.resources import COMPUTED, computed, secret

__all__ = [
    "any_unknown",
    "document",
    "entries",
    "holds",
    "is_false",
    "is_true",
    "listed",
    "mapping",
    "number",
    "text",
    "texts",
    "unknown",
    "unknown_in",
    "value_at",
]

# A text that is one output of a resource and nothing else, as the recorder shows it:
# ${aws:iam/role:Role::server.arn}. Policies' own variables, ${aws:username}, have no "::".
_OUTPUT = re.compile(r"\$\{[^{}]*::[^{}]*\}")
_STEP = re.compile(r"[^.\[\]]+")


def unknown(value: object) -> bool:
    """Return whether a value is computed or secret, or a text that is another resource's output."""
    if isinstance(value, str):
        return value.startswith("${") and _OUTPUT.fullmatch(value) is not None
    # What is asked most, and what an abstract class would take long to say of.
    if value is None or isinstance(value, int | float | list):
        return False
    return computed(value) or secret(value)


def any_unknown(value: object) -> bool:
    """Return whether a value is unknown or has something unknown anywhere in it."""
    if unknown(value):
        return True
    if isinstance(value, Mapping):
        return any(any_unknown(each) for each in value.values())
    return isinstance(value, list | tuple) and any(any_unknown(each) for each in value)


def value_at(inputs: object, path: str) -> Any:
    """Return what lies at a path such as ``template.containers[0].image``; None if nothing does.

    What lies below something unknown is unknown (`COMPUTED`). A list is stepped into at its first
    item if the path has no index there, and what is no list is taken for its own first item, as
    providers changed between ``rule: {…}`` and ``rule: [{…}]`` from version to version.
    """
    value = inputs
    for step in _steps(path):
        if unknown(value):
            return COMPUTED
        if isinstance(step, int):
            found = listed(value)
            value = found[step] if step < len(found) else None
        else:
            if isinstance(value, list | tuple):
                value = value[0] if value else None
                if unknown(value):
                    return COMPUTED
            value = value.get(step) if isinstance(value, Mapping) else None
        if value is None:
            return None
    return value


@cache
def _steps(path: str) -> tuple[str | int, ...]:
    return tuple(int(each) if each.isdecimal() else each for each in _STEP.findall(path))


def listed(value: object) -> Sequence[Any]:
    """Return the items of a list, or the one value that stands for a list of one; [] for None."""
    if value is None:
        return ()
    return value if isinstance(value, list | tuple) else (value,)


def entries(inputs: object, path: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the path and the mapping of each item of the list at a path; unknown ones are left out."""
    found = value_at(inputs, path)
    for index, each in enumerate(listed(found)):
        if isinstance(each, Mapping) and not unknown(each):
            yield (f"{path}[{index}]" if isinstance(found, list | tuple) else path), each


def unknown_in(inputs: object, path: str) -> bool:
    """Return whether the list at a path, or an item of it, is unknown."""
    return any(map(unknown, listed(value_at(inputs, path))))


def mapping(value: object) -> Mapping[str, Any]:
    """Return a known mapping; {} for anything else."""
    return value if isinstance(value, Mapping) and not unknown(value) else {}


def text(value: object) -> str:
    """Return a string as it is; "" for anything else."""
    return value if isinstance(value, str) else ""


def texts(value: object) -> list[str]:
    """Return the strings of a list, or the one string that stands for a list of one."""
    return [each for each in listed(value) if isinstance(each, str)]


def number(value: object) -> float | None:
    """Return a number, also one written as a string; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except (ValueError, OverflowError):
        return None


def is_true(value: object) -> bool:
    """Return whether a value is true (also ``"true"``), or unknown and taken for granted."""
    return unknown(value) or value is True or text(value).lower() == "true"


def is_false(value: object) -> bool:
    """Return whether a value is certainly false: known and `False` or ``"false"``."""
    return value is False or text(value).lower() == "false"


def holds(value: object, test: Callable[[Any], bool]) -> bool:
    """Return whether a value is unknown, taken for granted, or passes a test; None does not."""
    if unknown(value) or value is None:
        return value is not None
    passed = test(value)
    # What "Enabled".__eq__ says of a number; as a truth it would be one.
    return passed is not NotImplemented and bool(passed)


def document(value: object) -> Mapping[str, Any]:
    """Return the JSON object that a string holds or that is given as such; {} for anything else."""
    if isinstance(value, str):
        return mapping(_parsed(value))
    return mapping(value)


@cache
def _parsed(value: str) -> object:
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return None
