"""What a program is: its `Pulumi.yaml`, and the configuration of its stack.

Formats: https://www.pulumi.com/docs/iac/concepts/projects/project-file/ and
https://www.pulumi.com/docs/iac/concepts/config/.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

__all__ = ["CannotFollowError", "Project", "Settings", "project", "settings"]


class CannotFollowError(Exception):
    """Something that ends the review, in one line.

    Args:
        kind: as `infra.review.errors.ReviewError` has it.
        message: what it is.
        place: where; None if that cannot be told.

    """

    def __init__(self, kind: str, message: str, place: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.place = place


class Project(NamedTuple):
    """A program.

    Attributes:
        name: in ``Pulumi.yaml``; that of the file if there is none.
        folder: that it lies in, and that it is run in.
        main: what is run: a file, or a folder with a ``__main__.py``.
        defaults: configuration that ``Pulumi.yaml`` itself gives: key → text.

    """

    name: str
    folder: Path
    main: Path
    defaults: dict[str, str]


class Settings(NamedTuple):
    """What the program is configured with.

    Attributes:
        stack: its name.
        values: key → text.
        secrets: keys whose values are secrets.
        locked: keys whose values are encrypted and stay so.
        notes: a line each.

    """

    stack: str
    values: dict[str, str]
    secrets: frozenset[str]
    locked: frozenset[str]
    notes: list[str]


_ANY = "review"  # what a caller says who has no stack in mind

_OTHERS = {
    "nodejs": "JavaScript or TypeScript",
    "go": "Go",
    "dotnet": ".NET",
    "java": "Java",
    "yaml": "YAML",
    "hcl": "HCL",
    "bun": "JavaScript or TypeScript",
}


def project(path: Path) -> Project:
    """Return what lies at a path: a folder with a ``Pulumi.yaml``, or a Python file.

    Raises:
        CannotFollowError: nothing that can be followed does.

    """
    path = path.resolve()
    if path.is_file() and path.suffix == ".py":
        found = _document(path.parent)
        if found is None:
            return Project(path.stem, path.parent, path, {})
        return _project(path.parent, *found)._replace(main=path)
    if path.is_file():
        path = path.parent
    if not path.exists():
        raise CannotFollowError("missing", f"there is no {path}")
    found = _document(path)
    if found is None:
        if (path / "__main__.py").is_file():
            return Project(path.name, path, path, {})
        raise CannotFollowError(
            "unsupported", f"{path.name}/ has no Pulumi.yaml and no __main__.py: not a program"
        )
    made = _project(path, *found)
    if not (made.main.is_file() or (made.main / "__main__.py").is_file()):
        name = made.main.relative_to(path) if made.main.is_relative_to(path) else made.main
        raise CannotFollowError("missing", f"{found[0].name} names a program that is not: {name}")
    return made


def _document(folder: Path) -> tuple[Path, dict[str, Any]] | None:
    for name in ("Pulumi.yaml", "Pulumi.yml", "Pulumi.json"):
        if (folder / name).is_file():
            return folder / name, _read(folder / name)
    return None


def _read(file: Path) -> dict[str, Any]:
    import yaml  # noqa: PLC0415 - slow to import

    try:
        read = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        place = {"file": file.name, "line": mark.line + 1} if mark else None
        raise CannotFollowError("unsupported", f"{file.name} is no YAML", place) from error
    if not isinstance(read, dict):
        raise CannotFollowError("unsupported", f"{file.name} is no mapping")
    return read


def _project(folder: Path, file: Path, document: dict[str, Any]) -> Project:
    runtime = document.get("runtime", "python")
    language = str(runtime.get("name", "") if isinstance(runtime, dict) else runtime)
    if language != "python":
        written = _OTHERS.get(language, language)
        raise CannotFollowError(
            "unsupported", f"the program is written in {written}: only Python can be followed"
        )
    name = str(document.get("name") or folder.name)
    defaults = {}
    for key, value in (document.get("config") or {}).items():
        given = value.get("value", value.get("default")) if isinstance(value, dict) else value
        if given is not None and not isinstance(given, dict):
            defaults[_full(str(key), name)] = _text(given)
    main = folder / str(document.get("main") or ".")
    return Project(name, folder, main.resolve(), defaults)


def settings(
    made: Project, *, stack: str, config: Mapping[str, str] | None, secrets: frozenset[str]
) -> Settings:
    """Return the configuration of a program's stack.

    Args:
        made: the program.
        stack: whose ``Pulumi.STACK.yaml`` is read; if there is none, another stack's is.
        config: key → text, instead of any file.
        secrets: keys of it that are secrets.

    """
    if config is not None:
        values = made.defaults | {_full(key, made.name): text for key, text in config.items()}
        keys = frozenset(_full(key, made.name) for key in secrets)
        return Settings(stack, values, keys, frozenset(), [])
    files = sorted(made.folder.glob("Pulumi.*.y*ml"))
    by_stack = {each.name.split(".", 1)[1].rsplit(".", 1)[0]: each for each in files}
    notes = []
    if stack not in by_stack and by_stack:
        asked, stack = stack, "dev" if "dev" in by_stack else next(iter(by_stack))
        others = ", ".join(sorted(set(by_stack) - {stack}))
        if asked != _ANY:
            notes.append(f"there is no Pulumi.{asked}.yaml: reviewed as stack {stack}")
        elif others:
            notes.append(f"reviewed as stack {stack}; there are also {others}")
    values, locked = dict(made.defaults), set()
    if stack in by_stack:
        document = _read(by_stack[stack])
        for key, value in (document.get("config") or {}).items():
            full = _full(str(key), made.name)
            if _locked(value):
                locked.add(full)
            values[full] = _text(value)
        if document.get("environment"):
            notes.append(f"{by_stack[stack].name} names Pulumi ESC environments: they are not read")
    keys = frozenset(locked) | frozenset(_full(key, made.name) for key in secrets)
    return Settings(stack, values, keys, frozenset(locked), notes)


def _locked(value: object) -> bool:
    if isinstance(value, dict):
        return "secure" in value or any(_locked(each) for each in value.values())
    return isinstance(value, list) and any(_locked(each) for each in value)


def _full(key: str, name: str) -> str:
    return key if ":" in key else f"{name}:{key}"


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else json.dumps(value, default=str)
