"""Foreign programs, recorded."""

from functools import cache
from pathlib import Path

from infra.resources import Program, Resource
from infra.review.record import record

PROGRAMS = Path(__file__).parent / "programs"
TIMEOUT = 120.0  # a busy machine with cold caches


@cache
def recorded(name: str) -> Program:
    """Return what one of the programs beside this file asks for."""
    return record(PROGRAMS / name, timeout=TIMEOUT)


def run(folder: Path, text: str, **options: object) -> Program:
    """Return what a program of this text asks for."""
    (folder / "program.py").write_text(text, encoding="utf-8")
    merged: dict[str, object] = {"timeout": TIMEOUT, **options}
    return record(folder / "program.py", **merged)  # type: ignore[arg-type] # any of its options


def one(program: Program, type_: str, name: str = "") -> Resource:
    """Return the only resource of a type, or the one of a name."""
    found = [each for each in program.of_type(type_) if not name or each.name == name]
    assert len(found) == 1, [f"{each.type} {each.name}" for each in program]
    return found[0]


def names(program: Program, urns: tuple[str, ...]) -> list[str]:
    """Return the names of the resources that these URNs are of."""
    return [urn.rpartition("::")[2] for urn in urns]
