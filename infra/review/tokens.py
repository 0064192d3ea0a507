"""Pulumi's type tokens, and values deep in inputs."""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from infra.resources import Program, Resource, computed, secret

__all__ = ["dig", "number", "of", "plain"]

# ``azure-native:storage/v20240101:BlobContainer`` is an API version of the type without it.
_VERSION = re.compile(r"/v\d{8}(preview|privatepreview)?(?=:)")


@cache
def plain(token: str) -> str:
    """Return a type token without the version of a cloud's API."""
    return _VERSION.sub("", token)


def of(program: Program, *tokens: str) -> Iterator[Resource]:
    """Yield the resources of these types, whichever version of the cloud's API they are of."""
    return (each for each in program if plain(each.type) in tokens)


def dig(value: Any, path: str) -> Any:
    """Return what is at a dotted path, of a list its first element; None if it is not there.

    What is secret or not known yet is not there.
    """
    for name in path.split("."):
        while isinstance(value, list):
            value = value[0] if value else None
        value = value.get(name) if isinstance(value, Mapping) else None
    return None if computed(value) or secret(value) else value


def number(value: Any) -> float | None:
    """Return a number, also one that is written as text, as Pulumi does it at times."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except ValueError:
        return None
