"""What is different between two versions, as tables of text."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from deployer.cli.output import human_bytes
from deployer.registry.format.records import File
from deployer.registry.viewing.diff import NAMES, Change, Difference, FileChange

__all__ = ["Section", "sections"]

MAX_TEXT = 40


@dataclass(frozen=True)
class Section:
    """One table; the first column is called as the section."""

    title: str
    columns: list[str]
    rows: list[list[str]]


def sections(difference: Difference) -> list[Section]:
    """Return a table for each kind of thing that is different."""
    files = [_file(change) for change in difference.files]
    found = [
        Section("file", ["change", "from", "to"], files),
        _of("schema", difference.schema),
        Section("metric", ["from", "to", "change"], [_metric(each) for each in difference.metrics]),
        _of("framework", difference.frameworks),
        _of("about", difference.about),
    ]
    return [section for section in found if section.rows]


def _of(title: str, changes: Sequence[Change]) -> Section:
    rows = [[each.name, each.kind, *_both(each)] for each in changes]
    return Section(title, ["change", "from", "to"], rows)


def _file(change: FileChange) -> list[str]:
    there = change.after or change.before
    path = there.path if there else ""
    if change.kind == "renamed" and change.before and change.after:
        return [path, change.kind, change.before.path, human_bytes(change.after.size)]
    return [path, change.kind, _size(change.before), _size(change.after)]


def _size(file: File | None) -> str:
    return human_bytes(file.size) if file else ""


def _metric(change: Change) -> list[str]:
    delta = "" if change.delta is None else f"{change.delta:+.4g}"
    return [change.name, *_both(change), delta or change.kind]


def _both(change: Change) -> tuple[str, str]:
    """Return both values; of two lists what is in one of them only, with its sign."""
    before, after = change.before, change.after
    if isinstance(before, list) and isinstance(after, list):
        old, new = ({json.dumps(each, sort_keys=True) for each in side} for side in (before, after))
        gone = [each for each in before if json.dumps(each, sort_keys=True) not in new]
        come = [each for each in after if json.dumps(each, sort_keys=True) not in old]
        if gone or come:
            before = [f"-{_text(each)}" for each in gone]
            after = [f"+{_text(each)}" for each in come]
    return _text(before), _text(after)


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        value = ", ".join(value)
    if isinstance(value, dict):
        own = {key: each for key, each in value.items() if key not in NAMES}  # it is said already
        value = ", ".join(f"{key}: {_text(each)}" for key, each in own.items())
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= MAX_TEXT else f"{text[: MAX_TEXT - 1]}…"
