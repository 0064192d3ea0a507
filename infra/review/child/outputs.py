"""Plausible outputs of a resource or a function, from the types that its SDK declares.

What was put in comes out again; a text that only the cloud knows becomes a mark, an object gets
the texts in it that are always there. What may be absent, and numbers and switches, stay unknown,
as they do in a real preview.
"""

import functools
import json
import re
import typing
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Union, get_args, get_origin

from pulumi import _types

from infra.review.child.marks import Marks
from infra.review.child.shapes import shape
from infra.review.child.values import SECRET_SIGNATURE, SIGNATURE, secret

__all__ = ["Maker", "hide", "hints"]

_ABSENT: Any = object()
_DEPTH = 4
# Of an object that the program put in, a cloud adds these.
_OFTEN = {"id", "arn", "fqdn", "uri", "url"}
_HIDDEN = re.compile(
    "password|passphrase|secret(string|data|binary)|(shared|access|private|client|primary"
    "|secondary)_?key$|connectionstring|token$|clientsecret|kubeconfig",
    re.IGNORECASE,
)
_KEYS = re.compile("keys|credentials|secret", re.IGNORECASE)
_MANY = {"nameServers": 4, "zones": 3, "names": 3, "zoneIds": 3}


class _Spot(NamedTuple):
    type: str
    key: str
    label: str
    name: str
    depth: int


class Maker:
    """Makes the outputs of one program's resources.

    Args:
        marks: where what it makes is registered.
        region: that the program is configured for.

    """

    def __init__(self, marks: Marks, *, region: str) -> None:
        self._marks = marks
        self._region = region

    def outputs(
        self, cls: type | None, *, type_: str, label: str, name: str, inputs: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Return the outputs of a resource: property → value, as Pulumi's wire has them.

        Args:
            cls: its class; None if it is not known, and only what was put in comes out.
            type_: its type token.
            label: what its values are called, without the property.
            name: its name in the program.
            inputs: what it was asked for with.

        """
        made = dict(inputs)
        for key, (typ, optional) in (hints(cls) if cls else {}).items():
            if key in {"id", "urn"} or (optional and key not in inputs):
                continue
            given = inputs.get(key, _ABSENT)
            value = self._value(typ, given, _Spot(type_, key, f"{label}.{key}", name, 0))
            if value is not _ABSENT:
                made[key] = value
        if isinstance(made.get("tags"), dict) and "tagsAll" not in inputs:
            made["tagsAll"] = made["tags"]
        return made

    def answer(self, cls: type | None, *, token: str, known: Mapping[str, Any]) -> dict[str, Any]:
        """Return the answer of a function, of which some is known."""
        if cls is None:
            return dict(known)
        made = self._object(cls, dict(known), _Spot(token, "", f"{token}()", "", 0), every=True)
        return dict(made)

    def _value(self, typ: Any, given: Any, spot: _Spot) -> Any:
        if isinstance(given, dict) and SIGNATURE in given:
            return given
        if given is _ABSENT and spot.depth > _DEPTH:
            return _ABSENT
        if typ is str:
            if isinstance(given, dict | list):  # a policy that was not written as text
                return json.dumps(given)
            return self._text(spot) if given is _ABSENT else given
        if _types.is_output_type(typ):
            fits = given is _ABSENT or isinstance(given, dict)
            return self._object(typ, given, spot, every=given is _ABSENT) if fits else _ABSENT
        if get_origin(typ) in {list, Sequence, typing.Sequence}:
            return self._list((get_args(typ) or (Any,))[0], given, spot)
        if get_origin(typ) in {dict, Mapping, typing.Mapping}:
            return self._mapping((get_args(typ) or (str, Any))[1], given, spot)
        return given

    def _text(self, spot: _Spot) -> str:
        form = shape(spot.type, spot.key, region=self._region, resource=spot.name)
        hidden = bool(_HIDDEN.search(spot.key) or (spot.key == "value" and _KEYS.search(spot.type)))
        return self._marks.make(spot.label, form, secret=hidden)

    def _object(self, typ: type, given: Any, spot: _Spot, *, every: bool) -> Any:
        """Return an object with the texts that are in it; with `every`, also those that may be."""
        made = {} if given is _ABSENT else dict(given)
        for key, (each, optional) in hints(typ).items():
            if optional and not every and key not in made and key not in _OFTEN:
                continue
            label = f"{spot.label}.{key}"
            inside = _Spot(spot.type, key, label, "", spot.depth + 1)
            value = self._value(each, made.get(key, _ABSENT), inside)
            if value is not _ABSENT:
                made[key] = value
        return made

    def _mapping(self, item: Any, given: Any, spot: _Spot) -> Any:
        if isinstance(given, list):  # Azure takes identities as a list and gives a mapping
            keys = [each for each in given if isinstance(each, str)]
            given = dict.fromkeys(keys, _ABSENT)
        if not isinstance(given, dict):
            return _ABSENT
        made = {}
        for key, each in given.items():
            inside = spot._replace(label=f"{spot.label}[{key}]", depth=spot.depth + 1)
            value = self._value(item, each, inside)
            if value is not _ABSENT:
                made[key] = value
        return made

    def _list(self, item: Any, given: Any, spot: _Spot) -> Any:
        count = 1 if _types.is_output_type(item) else _MANY.get(spot.key, 3)
        items = [_ABSENT] * count if given is _ABSENT else given
        if not isinstance(items, list):
            return _ABSENT
        made = [
            self._value(
                item, each, spot._replace(label=f"{spot.label}[{at}]", depth=spot.depth + 1)
            )
            for at, each in enumerate(items)
        ]
        known = [each for each in made if each is not _ABSENT]
        return known if known or given is not _ABSENT else _ABSENT


def hide(outputs: dict[str, Any], names: Sequence[str]) -> None:
    """Make these outputs secrets, as `additional_secret_outputs` asks."""
    for name in names:
        value = outputs.get(name)
        wrapped = isinstance(value, dict) and value.get(SIGNATURE) == SECRET_SIGNATURE
        if name in outputs and not wrapped:
            outputs[name] = secret(value)


@functools.cache
def hints(cls: type) -> dict[str, tuple[Any, bool]]:
    """Return the properties that a class declares: name on the wire → type, whether optional."""
    made: dict[str, tuple[Any, bool]] = {}
    space = _types._globals_for_cls(cls)  # noqa: SLF001 - there is no public way
    for _, name, each in _types._py_properties(cls):  # noqa: SLF001 - there is no public way
        try:
            hint = typing.get_type_hints(each.fget, globalns=space).get("return")
        except (NameError, TypeError, AttributeError):
            continue
        made[name] = _unwrapped(hint)
    return made


def _unwrapped(hint: Any) -> tuple[Any, bool]:
    origin = get_origin(hint)
    if origin is not None and getattr(origin, "__name__", "") == "Output":
        return _unwrapped(get_args(hint)[0])
    if origin is Union:
        rest = [each for each in get_args(hint) if each is not type(None)]
        optional = len(rest) < len(get_args(hint))
        return (str if str in rest else rest[0]), optional
    return hint, False
