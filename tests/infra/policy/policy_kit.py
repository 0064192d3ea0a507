"""The programs that prove the policies, and what the recorder makes of them."""

import fcntl
import json
import re
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import NamedTuple

import msgspec

from infra.policy.model import Demands, Problem, Rule
from infra.resources import Program

HERE = Path(__file__).parent
PROGRAMS = HERE / "programs"
SHARED: list[Path] = []
"""A folder that all workers of one run see, if there are several: they record the programs once."""

_NAME = re.compile(r"dep(\d{3})_(bad|good)\w*")
_TOLD = re.compile(r"^# (demands|config):? (\{.*\})$", re.MULTILINE)


class Case(NamedTuple):
    """One program, and what a rule must say of it.

    Attributes:
        path: of the program.
        rule: id of the rule that it is about.
        good: whether the rule must find nothing.
        lines: of the resources that it must find.
        demands: that it is reviewed with.
        config: that it is run with.

    """

    path: Path
    rule: str
    good: bool
    lines: tuple[int, ...]
    demands: Demands
    config: dict[str, str]


@cache
def cases() -> tuple[Case, ...]:
    return tuple(_case(each) for each in sorted(PROGRAMS.glob("dep*.py")))


def _case(path: Path) -> Case:
    name = _NAME.fullmatch(path.stem)
    assert name, f"{path.name} is no depNNN_bad*.py or depNNN_good*.py"
    text = path.read_text(encoding="utf-8")
    rule = f"DEP{name[1]}"
    told = {found[1]: json.loads(found[2]) for found in _TOLD.finditer(text)}
    return Case(
        path=path,
        rule=rule,
        good=name[2] == "good",
        lines=tuple(
            number
            for number, line in enumerate(text.splitlines(), 1)
            if line.endswith(f"# <- {rule}")
        ),
        demands=msgspec.convert(told.get("demands", {}), Demands),
        config=told.get("config", {}),
    )


def recorded(case: Case) -> Program:
    """Return a program as it was recorded."""
    found = _recorded()[case.path]
    assert isinstance(found, Program), found
    return found


@cache
def _recorded() -> dict[Path, Program | str]:
    """Return every program, or the error that it ended with."""
    with ExitStack() as stack:
        if SHARED:
            folder = SHARED[0] / "policies"
            folder.mkdir(exist_ok=True)
            lock = stack.enter_context((folder / "lock").open("w"))
            fcntl.flock(lock, fcntl.LOCK_EX)
        else:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        if not (folder / "done").exists():
            _record(folder)
            (folder / "done").touch()
        return {each.path: _read(folder / str(n)) for n, each in enumerate(cases())}


def _record(folder: Path) -> None:
    """Record every program: one process loads Pulumi and forks for each.

    100 starts would take two minutes.
    """
    jobs = [{"path": str(each.path), "config": each.config} for each in cases()]
    result = subprocess.run(
        [sys.executable, str(HERE / "forked_kit.py"), str(folder)],
        input=json.dumps(jobs),
        text=True,
        capture_output=True,
        timeout=200,
        check=False,
    )
    assert result.returncode == 0, result.stderr[-2000:]


def _read(path: Path) -> Program | str:
    error = path.with_suffix(".error")
    if error.exists():
        return error.read_text(encoding="utf-8")
    return msgspec.json.decode(path.with_suffix(".json").read_bytes(), type=Program)


def problems(rule: Rule, case: Case) -> list[Problem]:
    return list(rule.check(recorded(case), case.demands))


def lines(found: list[Problem]) -> tuple[int, ...]:
    """Return the lines of the resources with problems, each once."""
    places = {each.resource.place for each in found}
    assert None not in places, f"without a source line: {found}"
    return tuple(sorted(each.line for each in places if each))
