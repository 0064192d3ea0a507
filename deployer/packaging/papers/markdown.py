"""Text of any kind into Markdown and YAML, where it can only be text.

Markdown is GitHub's (https://github.github.com/gfm/): a backslash before any ASCII punctuation
makes it literal. YAML is what versions 1.1 and 1.2 both read alike.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

__all__ = ["bullets", "escaped", "front_matter", "table"]

_WIDTH = 80
_MARKUP = frozenset("\\`*[]#|~$")
_ENTITIES = {"<": "&lt;", ">": "&gt;", "&": "&amp;"}
_EMPHASIS = re.compile(r"(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")
_KEY = re.compile(r"[a-z][a-z_-]*[a-z]")
_NOT_TEXT = frozenset({"true", "false", "yes", "no", "on", "off", "null"})
_BMP = 0xFFFF


def escaped(text: str, *, width: int | None = None) -> str:
    """Return `text` on one line, with nothing in it that Markdown or HTML would act on.

    Args:
        text: any.
        width: characters after which it is cut.

    """
    line = " ".join(text.split())
    if width is not None and len(line) > width:
        line = line[: width - 1] + "…"
    # An underscore inside a word is one in Markdown, too; an address is a link by itself.
    inert = _EMPHASIS.sub(r"\\_", "".join(map(_character, line)))
    return inert.replace("://", "\\://")


def _character(each: str) -> str:
    if each in _ENTITIES:
        return _ENTITIES[each]
    if each in _MARKUP:
        return f"\\{each}"
    return each if each.isprintable() else "\N{REPLACEMENT CHARACTER}"


def table(
    header: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    numbers: int = 0,
    width: int = _WIDTH,
) -> list[str]:
    """Return the lines of a table whose cells are plain text, with an empty line after it.

    Args:
        header: names of the columns.
        rows: as many cells each.
        numbers: how many columns, from the last, are aligned to the right.
        width: characters after which a cell is cut.

    """
    words = len(header) - numbers
    lines = [
        _line(header, width),
        "|" + "|".join(["---"] * words + ["---:"] * numbers) + "|",
        *(_line(row, width) for row in rows),
    ]
    return [*lines, ""]


def _line(cells: Sequence[str], width: int) -> str:
    shown = (escaped(cell, width=width) or "(empty)" for cell in cells)
    return f"| {' | '.join(shown)} |"


def bullets(sentences: Iterable[str]) -> list[str]:
    """Return a list of plain texts, with an empty line after it."""
    return [*(f"- {escaped(each)}" for each in sentences), ""]


def front_matter(values: Mapping[str, Any]) -> list[str]:
    """Return `values` as the YAML front matter of a Markdown file.

    Args:
        values: mappings, lists, text, numbers, booleans and None, nested as wanted.

    """
    return ["---", *_block(values, ""), "---", ""]


def _block(value: Any, indent: str) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield from _entry(f"{indent}{_plain(key)}:", each, indent)
    else:
        for each in value:
            if isinstance(each, Mapping) and each:
                first, *rest = _block(each, indent + "  ")
                yield f"{indent}- {first.lstrip(' ')}"
                yield from rest
            else:
                yield from _entry(f"{indent}-", each, indent)


def _entry(start: str, value: Any, indent: str) -> Iterator[str]:
    if isinstance(value, Mapping | list | tuple):
        if not value:
            yield f"{start} {'{}' if isinstance(value, Mapping) else '[]'}"
        else:
            yield start
            yield from _block(value, indent + "  ")
    else:
        yield f"{start} {_scalar(value)}"


def _plain(key: str) -> str:
    return key if _KEY.fullmatch(key) and key not in _NOT_TEXT else _text(key)


def _scalar(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        shown = repr(value)
        # YAML 1.1 takes 1e-05 for text.
        return shown if "." in shown or "e" not in shown else shown.replace("e", ".0e")
    return _text(str(value))


def _text(text: str) -> str:
    return '"' + "".join(map(_yaml_character, text)) + '"'


def _yaml_character(each: str) -> str:
    if each in '"\\':
        return f"\\{each}"
    if each.isprintable():
        return each
    code = ord(each)
    return f"\\u{code:04x}" if code <= _BMP else f"\\U{code:08x}"
