"""What is different between what was asked for before and what is asked for now; pure."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple

from infra.simulated.wire import is_secret, is_unknown, reveal, same

__all__ = ["Difference", "compare", "top"]

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


class Difference(NamedTuple):
    """One property; its path is such as ``tags.owner`` or ``rules[0].ports``."""

    path: str
    kind: Literal["add", "delete", "update"]


def compare(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Difference]:
    """Return every property that differs, as deep as it can be named.

    Keys that begin with ``__`` are the SDK's own; a secret is compared, never looked into.
    """
    return list(_mappings("", _own(old), _own(new)))


def top(path: str) -> str:
    """Return the property that a path begins with."""
    return re.split(r"[.\[]", path, maxsplit=1)[0]


def _own(values: Mapping[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in values.items() if not k.startswith("__") and v is not None}


def _mappings(path: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Difference]:
    for key in sorted({*old, *new}):
        step = key if _PLAIN.fullmatch(key) else f'["{key}"]'
        inner = f"{path}{step}" if not path or step.startswith("[") else f"{path}.{step}"
        if key not in new:
            yield Difference(inner, "delete")
        elif key not in old:
            yield Difference(inner, "add")
        else:
            yield from _values(inner, old[key], new[key])


def _values(path: str, old: Any, new: Any) -> Iterator[Difference]:
    if is_unknown(reveal(new)) or is_secret(old) or is_secret(new):
        if is_unknown(reveal(new)) or not same(old, new):
            yield Difference(path, "update")
    elif isinstance(old, Mapping) and isinstance(new, Mapping):
        yield from _mappings(path, _own(old), _own(new))
    elif isinstance(old, list) and isinstance(new, list):
        for index in range(max(len(old), len(new))):
            inner = f"{path}[{index}]"
            if index >= len(new):
                yield Difference(inner, "delete")
            elif index >= len(old):
                yield Difference(inner, "add")
            else:
                yield from _values(inner, old[index], new[index])
    elif old != new:
        yield Difference(path, "update")
