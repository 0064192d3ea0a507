"""What the cloud adds to what it was asked for; pure."""

import copy
import json
import string
from collections.abc import Mapping, Sequence
from typing import Any

from infra.simulated.kinds import Kind
from infra.simulated.wire import UNKNOWN, plain, reveal, secret

__all__ = ["computed", "fill", "overlay"]


def fill(template: Any, context: Mapping[str, Any]) -> Any:
    """Return a template filled in.

    It is `UNKNOWN` if something in it is not known, a secret if something in it is one. A template of one field alone keeps the type of its value; a field that nobody gave is None,
    and nothing inside a text.
    """
    if isinstance(template, Mapping):
        return {key: fill(each, context) for key, each in template.items()}
    if isinstance(template, list):
        return [fill(each, context) for each in template]
    if not isinstance(template, str):
        return template
    reader = _Reader(context)
    text = reader.vformat(template, (), {})
    if reader.unknown:
        return UNKNOWN
    if len(reader.met) == 1 and "|" not in template and template == f"{{{reader.met[0]}}}":
        found = reveal(context.get(reader.met[0]))
    else:
        found = text
    return secret(found) if reader.secret else found


def computed(kind: Kind, context: Mapping[str, Any]) -> dict[str, Any]:
    """Return path → value of everything that a cloud adds to a resource of this kind."""
    return {path: fill(template, context) for path, template in kind.outputs.items()}


def overlay(inputs: Mapping[str, Any], added: Mapping[str, Any]) -> dict[str, Any]:
    """Return the whole of a resource: what was asked for, with values put at their paths.

    What is there by the asking stays, unless the path ends in ``!``; a path into a list's every
    element has ``[]`` after the list's name.
    """
    whole = copy.deepcopy(dict(inputs))
    for path, value in added.items():
        _put(whole, path.removesuffix("!").split("."), value, force=path.endswith("!"))
    return whole


def _put(into: Any, path: Sequence[str], value: Any, *, force: bool) -> None:
    if not isinstance(into, dict):
        return
    key, *rest = path
    if key.endswith("[]"):
        for each in into.get(key[:-2]) or []:
            _put(each, rest, value, force=force)
    elif rest:
        _put(into.setdefault(key, {}), rest, value, force=force)
    elif force or into.get(key) is None:
        into[key] = value


class _Reader(string.Formatter):
    """Reads fields from a mapping, and remembers whether one of them was unknown."""

    def __init__(self, context: Mapping[str, Any]) -> None:
        self._context = context
        self.unknown = False
        self.secret = False
        self.met: list[str] = []

    def get_field(self, field_name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        """Return a field's text; ``name|last`` is its last part, ``name|8`` its first 8 characters."""
        name, _, part = field_name.partition("|")
        self.met.append(field_name)
        value = self._context.get(name, "")
        if UNKNOWN in json.dumps(reveal(value)):
            self.unknown = True
        self.secret |= value != reveal(value)
        text = plain(value)
        if part == "last":
            text = text.rstrip("/").rpartition("/")[2]
        elif part == "lower":
            text = text.lower()
        elif part.isdigit():
            text = text[: int(part)]
        return text, name
