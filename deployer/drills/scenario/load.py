"""From YAML to a scenario, and from a name to its file."""

import re
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import msgspec

from deployer.drills.scenario.model import Scenario
from deployer.errors import MissingError, UsageError

__all__ = ["builtin", "builtin_files", "check", "dump", "find", "parse", "read", "schema"]

_PATH = re.compile(r" - at `\$(.*)`$")
_SEGMENT = re.compile(r"\.([^.\[]+)|\[(\d+)\]")


def read(path: Path) -> Scenario:
    """Read a scenario.

    Raises:
        MissingError: there is no such file.
        UsageError: it is no scenario; the message names the line.

    """
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError as error:
        raise MissingError(
            "there is no such scenario", where=str(path), hint="see: deployer drill list"
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot be read: {error}", where=str(path), hint="name a file") from error
    return parse(text, str(path))


def parse(text: str, where: str) -> Scenario:
    """Return the scenario that a YAML document is.

    Args:
        text: of the document.
        where: its name, for messages.

    Raises:
        UsageError: it is none; the message names the line.

    """
    yaml = _yaml()
    try:
        document = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{where}:{mark.line + 1}" if mark else where
        said = str(getattr(error, "problem", None) or error)
        raise UsageError(f"is no YAML: {said}", where=place, hint="correct this line") from error
    try:
        scenario = msgspec.convert(document, Scenario)
    except msgspec.ValidationError as error:
        said = str(error)
        path = _PATH.search(said)
        line = _line_of(yaml, text, path.group(1) if path else "")
        raise UsageError(
            _PATH.sub("", said), where=f"{where}:{line}", hint="see: deployer drill schema"
        ) from error
    check(scenario, where)
    return scenario


def builtin() -> list[Scenario]:
    """Return the drills that come with deployer, in the order of their numbers."""
    found = [read(path) for path in builtin_files()]
    return sorted(found, key=lambda scenario: scenario.number)


def find(name: str) -> tuple[Scenario, str]:
    """Return a scenario by a file's path, or by the name or number of one of ours; and its text.

    Raises:
        MissingError: there is none.
        UsageError: the file is none.

    """
    if name.endswith((".yaml", ".yml")) or "/" in name:
        path = Path(name)
        return read(path), path.read_text("utf-8")
    known = []
    for path in builtin_files():
        number, _, short = path.stem.partition("-")
        known.append(short)
        if name == short or (name.isdigit() and int(name) == int(number)):
            return read(path), path.read_text("utf-8")
    from difflib import get_close_matches  # noqa: PLC0415 - only on the way out

    near = get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]}? " if near else ""
    raise MissingError(f"no drill is called {name!r}", hint=f"{hint}see: deployer drill list")


def schema() -> dict[str, Any]:
    """Return the JSON Schema of a scenario, for editors."""
    return msgspec.json.schema(Scenario)


def builtin_files() -> Sequence[Path]:
    """Return the files of the drills that come with deployer, in the order of their numbers."""
    folder = Path(str(files("deployer.drills").joinpath("scenarios")))
    return sorted(folder.glob("*.yaml"))


def dump(scenario: Scenario) -> str:
    """Return a scenario as YAML."""
    text: str = _yaml().safe_dump(
        msgspec.to_builtins(scenario), sort_keys=False, allow_unicode=True, width=100
    )
    return text


def check(scenario: Scenario, where: str) -> None:
    """Look for what a scenario's parts cannot know of each other.

    Raises:
        UsageError: names contradict each other.

    """
    names = {each.name for each in scenario.estate.endpoints}
    if len(names) != len(scenario.estate.endpoints):
        raise UsageError("two endpoints have one name", where=where, hint="rename one")
    if scenario.estate.named and "aws" in scenario.estate.clouds:
        raise UsageError(
            "emulators of aws are reached by number only", where=where, hint="drop aws, or named"
        )
    for each in scenario.estate.endpoints:
        if each.cloud not in scenario.estate.clouds:
            raise UsageError(
                f"endpoint {each.name} is on {each.cloud}, which the estate has not",
                where=where,
                hint=f"the estate's clouds are {', '.join(scenario.estate.clouds)}",
            )


def _line_of(yaml: Any, text: str, path: str) -> int:
    """Return the line of what a validation error's path names, or of the nearest above it."""
    node = yaml.compose(text, Loader=yaml.SafeLoader)
    line = 1
    for name, index in _SEGMENT.findall(path):
        if node is None:
            break
        line = node.start_mark.line + 1
        if isinstance(node, yaml.MappingNode) and name:
            node = next((value for key, value in node.value if key.value == name), None)
        elif isinstance(node, yaml.SequenceNode) and index:
            node = node.value[int(index)] if int(index) < len(node.value) else None
        else:
            break
    return node.start_mark.line + 1 if node is not None else line


def _yaml() -> Any:
    try:
        import yaml  # noqa: PLC0415 - only drills need it
    except ModuleNotFoundError as error:
        raise UsageError(
            f"drills need the package {error.name}", hint="pip install 'deployer[drill]'"
        ) from error
    return yaml
