"""Somebody else changes the cloud: ``python -m infra.simulated.drift STATE --type T --name N …``."""

import argparse
import json
import re
import sys
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from infra.simulated.cloud import Cloud, State, Thing

__all__ = ["NothingThereError", "change", "main"]


class NothingThereError(ValueError):
    """Nothing in the cloud has that type and name."""


def change(
    path: Path,
    *,
    type: str,
    name: str = "*",
    put: Sequence[tuple[str, Any]] = (),
    delete: bool = False,
    objects: int | None = None,
) -> int:
    """Change what is in the cloud, and return how many things were.

    Args:
        path: the cloud's file.
        type: glob on type tokens.
        name: glob on names in the program.
        put: path of a property → value; None takes it away.
        delete: whether they are deleted.
        objects: how much of what the program does not know lies in them.

    Raises:
        NothingThereError: there is none.

    """
    with Cloud(path).change() as state:
        found = [each for each in state.things.values() if _is(each, type, name)]
        if not found:
            raise NothingThereError(f"there is no {type} {name} in {path}")
        for each in found:
            _change(state, each, put, delete=delete, objects=objects)
    return len(found)


def _is(thing: Thing, type_: str, name: str) -> bool:
    return fnmatchcase(thing.type, type_) and fnmatchcase(thing.urn.rpartition("::")[2], name)


def _change(
    state: State, thing: Thing, put: Sequence[tuple[str, Any]], *, delete: bool, objects: int | None
) -> None:
    for path, value in put:
        steps = [
            int(index) if index else key
            for key, index in re.findall(r"([^.\[\]]+)|\[(\d+)\]", path)
        ]
        if steps[0] not in thing.inputs:
            thing.changed[path] = value
        else:
            _put(thing.inputs, steps, value)
    if objects is not None:
        thing.objects = objects
    if delete:
        state.drop(thing)


def _put(into: Any, steps: Sequence[str | int], value: Any) -> None:
    first, *rest = steps
    if rest:
        if isinstance(into, dict) and first not in into:
            into[first] = {}
        _put(into[first], rest, value)
    elif value is None:
        into.pop(first)
    else:
        into[first] = value


def main(arguments: Sequence[str]) -> int:
    """Run the command; 1 if there is nothing of that type and name."""
    parser = argparse.ArgumentParser(prog="python -m infra.simulated.drift", description=__doc__)
    parser.add_argument("state", type=Path, help="file of the cloud")
    parser.add_argument("--type", required=True, help="glob on type tokens")
    parser.add_argument("--name", default="*", help="glob on names in the program")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="PATH=VALUE",
        help="JSON or text; null takes it away",
    )
    parser.add_argument("--delete", action="store_true", help="delete it")
    parser.add_argument("--objects", type=int, help="put so much into it")
    told = parser.parse_args(arguments)
    put = [(path, _value(text)) for path, _, text in (each.partition("=") for each in told.set)]
    try:
        met = change(
            told.state,
            type=told.type,
            name=told.name,
            put=put,
            delete=told.delete,
            objects=told.objects,
        )
    except NothingThereError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"{met} changed\n")
    return 0


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
