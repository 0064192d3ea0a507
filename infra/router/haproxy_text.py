"""Reading HAProxy's configuration: sections of words; quotes, escapes, comments, defaults."""

from typing import NamedTuple

__all__ = ["Section", "read", "words"]

_KINDS = {
    "global", "defaults", "frontend", "backend", "listen", "resolvers", "peers", "userlist",
    "mailers", "cache", "program", "http-errors", "ring", "log-forward", "fcgi-app",
}  # fmt: skip
_PROXIES = {"frontend", "backend", "listen"}


class Section(NamedTuple):
    """A section; a proxy's begins with the lines of the defaults before it."""

    kind: str
    name: str
    lines: list[list[str]]

    def all(self, *start: str) -> list[list[str]]:
        """Return the lines that begin with these words."""
        return [line for line in self.lines if tuple(line[: len(start)]) == start]

    def last(self, *start: str) -> list[str] | None:
        """Return the last line that begins with these words, which is the one that holds."""
        found = self.all(*start)
        return found[-1] if found else None

    def has(self, option: str) -> bool:
        """Return whether an option is on: set, and not taken back by a later ``no option``."""
        state = False
        for line in self.lines:
            if line[:2] == ["option", option]:
                state = True
            elif line[:3] == ["no", "option", option]:
                state = False
        return state


def read(text: str) -> list[Section]:
    """Return the sections, in their order.

    Raises:
        ValueError: a quote is not closed, or a line stands before any section.

    """
    sections: list[Section] = []
    defaults: dict[str, list[list[str]]] = {}
    latest: list[list[str]] = []
    for number, line in enumerate(text.splitlines(), 1):
        found = words(line, number)
        if not found:
            continue
        if found[0] in _KINDS:
            name = found[1] if len(found) > 1 else ""
            lines: list[list[str]] = []
            if found[0] in _PROXIES:
                chosen = found[3] if found[2:3] == ["from"] and len(found) > 3 else None  # noqa: PLR2004
                lines = list(defaults.get(chosen, [])) if chosen else list(latest)
            elif found[0] == "defaults":
                latest = lines
                defaults[name] = lines
            sections.append(Section(found[0], name, lines))
        elif not sections:
            raise ValueError(f"line {number} stands before any section")
        else:
            sections[-1].lines.append(found)
    return sections


def words(line: str, number: int = 0) -> list[str]:
    """Return the words of a line, as HAProxy splits it.

    Raises:
        ValueError: a quote is not closed.

    """
    found: list[str] = []
    word: str | None = None
    quote = ""
    chars = iter(line)
    for char in chars:
        if char == "\\" and quote != "'":
            word = (word or "") + next(chars, "")
        elif quote and char != quote:
            word = (word or "") + char
        elif char in "'\"":
            quote = "" if quote else char
            word = word or ""
        elif char == "#":
            break
        elif char not in " \t":
            word = (word or "") + char
        elif word is not None:
            found.append(word)
            word = None
    if quote:
        raise ValueError(f"a quote is not closed in line {number}")
    return found if word is None else [*found, word]
