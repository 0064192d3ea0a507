"""Runs the suite's cases without pytest, to see which of them fail on a broken store."""

import inspect
import itertools
import tempfile
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.providers.harness import Harness
from tests.providers.suite import StoreSuite

__all__ = ["Case", "Failure", "cases", "run"]


@dataclass(frozen=True)
class Case:
    """One case of the suite with one choice of parameters."""

    name: str
    arguments: Mapping[str, Any]
    function: Callable[..., None]


@dataclass(frozen=True)
class Failure:
    """A case that failed, and on which line."""

    case: Case
    reason: str


def cases(only: Sequence[str] = ()) -> Iterator[Case]:
    """Yield the cases that need no server and no patience, or those named."""
    for name in dir(StoreSuite):
        function = getattr(StoreSuite, name)
        if not name.startswith("test_") or (only and name not in only):
            continue
        marks = getattr(function, "pytestmark", [])
        if any(mark.name == "slow" for mark in marks):
            continue
        tables = [_rows(*mark.args) for mark in marks if mark.name == "parametrize"]
        for rows in itertools.product(*tables):
            arguments = {key: value for row in rows for key, value in row.items()}
            yield Case(name, arguments, function)


def _rows(names: str | Sequence[str], values: Sequence[Any]) -> list[dict[str, Any]]:
    keys = [name.strip() for name in names.split(",")] if isinstance(names, str) else list(names)
    rows = []
    for value in values:
        if any(mark.name == "slow" for mark in getattr(value, "marks", ())):
            continue
        row = value.values if hasattr(value, "values") and hasattr(value, "marks") else value
        single = len(keys) == 1 and row is value
        rows.append(dict(zip(keys, [row] if single else row, strict=True)))
    return rows


def run(case: Case, make: Callable[[], Harness]) -> Failure | None:
    """Run `case` on a fresh harness and return how it failed, if it did."""
    wanted = inspect.signature(case.function).parameters
    with tempfile.TemporaryDirectory() as folder, make() as harness:
        arguments: dict[str, Any] = {**case.arguments}
        if "tmp_path" in wanted:
            arguments["tmp_path"] = Path(folder)
        if "harness" in wanted:
            arguments["harness"] = harness
        try:
            with harness.open() as store:
                arguments |= {name: store for name in ("store", "ranged") if name in wanted}
                case.function(StoreSuite(), **arguments)
        except (Exception, pytest.fail.Exception) as error:  # noqa: BLE001 - any failure is one
            where = traceback.extract_tb(error.__traceback__)[-1]
            return Failure(case, f"{type(error).__name__} at {where.name}:{where.lineno}")
    return None
