"""What is wrong with a Containerfile, and with the name of an image.

Instructions as https://docs.docker.com/reference/dockerfile/ has them; the checks are those of
CKV_DOCKER_2, 3, 4, 7 and 8.
"""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

__all__ = ["Fault", "faults", "unpinned"]

_ESCAPE = re.compile(r"^#\s*escape\s*=\s*`", re.IGNORECASE)
_HERE = re.compile(r"<<-?[\"']?(\w+)[\"']?")
_FROM = re.compile(r"(?:--\S+\s+)*(?P<image>\S+)(?:\s+AS\s+(?P<stage>\S+))?", re.IGNORECASE)
_ROOT = re.compile(r"(?:root|0+)(?::.*)?", re.IGNORECASE)
_REMOTE = re.compile(r"(?:https?|ftp|git|ssh)://|git@|github\.com/", re.IGNORECASE)
_VARIABLE = re.compile(r"\$\{?(?P<name>\w+)\}?")
_KNOWN_LATER = re.compile(r"\$\{[^}]*\}|\$\w+")

# They say which branch an image is of, not which image it is.
_MOVING = frozenset(
    {"current", "dev", "develop", "edge", "latest", "main", "master", "nightly", "prod"}
    | {"production", "stable", "staging", "test"}
)


class Fault(NamedTuple):
    """One thing wrong with a Containerfile, and the line that it is on; 0 if it lacks one."""

    line: int
    message: str


class _Instruction(NamedTuple):
    line: int
    word: str
    rest: str


def unpinned(image: str) -> str:
    """Return why the name of an image may mean another one tomorrow; "" if it may not.

    A name with a digest, or with a tag that is not the name of a branch, is pinned. What is only
    known later (``${…}``) is taken for granted.
    """
    if "@" in image:
        return ""
    name = _KNOWN_LATER.sub("\0", image)
    _, colon, tag = name.rpartition("/")[2].partition(":")
    if colon:
        return f"tag {tag} moves" if tag.lower() in _MOVING else ""
    return "" if name.endswith("\0") else "it has neither a tag nor a digest"


def faults(text: str) -> list[Fault]:
    """Return what is wrong with a Containerfile, by its last stage where only that is shipped."""
    instructions = list(_instructions(text))
    stages = [index for index, each in enumerate(instructions) if each.word == "FROM"]
    if not stages:
        return []
    last = instructions[stages[-1] :]
    return sorted(
        [*_bases(instructions), *_remote(instructions), *_user(last), *_health(last)],
        key=lambda fault: fault.line,
    )


def _bases(instructions: Sequence[_Instruction]) -> Iterator[Fault]:
    stages = {"scratch"}
    defaults = _defaults(instructions)
    for each in instructions:
        found = _FROM.fullmatch(each.rest) if each.word == "FROM" else None
        if not found:
            continue
        image = _VARIABLE.sub(lambda at: defaults.get(at["name"], at[0]), found["image"])
        why = unpinned(image)
        if image.lower() not in stages and why:
            yield Fault(each.line, f"base image {image}: {why}")
        if found["stage"]:
            stages.add(found["stage"].lower())


def _defaults(instructions: Sequence[_Instruction]) -> dict[str, str]:
    """Return what the arguments before the first stage, which FROM may use, are by default."""
    found = {}
    for each in instructions:
        if each.word == "FROM":
            break
        name, given, value = each.rest.partition("=")
        if each.word == "ARG" and given:
            found[name.strip()] = value.strip("\"' ")
    return found


def _remote(instructions: Sequence[_Instruction]) -> Iterator[Fault]:
    for each in instructions:
        if each.word != "ADD" or "--checksum=" in each.rest:
            continue
        sources = re.findall(r"[^\s\[\]\",]+", each.rest)[:-1]
        if any(_REMOTE.match(source) for source in sources):
            yield Fault(each.line, "ADD takes what an address gives at the time")


def _user(stage: Sequence[_Instruction]) -> Iterator[Fault]:
    users = [each for each in stage if each.word == "USER"]
    if not users:
        yield Fault(0, "no USER: it runs as root")
    elif _ROOT.fullmatch(users[-1].rest.strip("\"'")):
        yield Fault(users[-1].line, "the last USER is root")


def _health(stage: Sequence[_Instruction]) -> Iterator[Fault]:
    checks = [each for each in stage if each.word == "HEALTHCHECK"]
    if not checks:
        yield Fault(0, "no HEALTHCHECK")
    elif checks[-1].rest.upper() == "NONE":
        yield Fault(checks[-1].line, "its HEALTHCHECK is NONE")


def _instructions(text: str) -> Iterator[_Instruction]:
    """Yield instructions with continued lines joined, without comments and here-documents."""
    escape = "`" if _ESCAPE.match(text) else "\\"
    begun, parts = 0, list[str]()
    ends = list[str]()
    for number, raw in enumerate(text.splitlines(), 1):
        if ends:
            if raw.strip() == ends[0]:
                ends.pop(0)
            continue
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        begun = begun if parts else number
        if line.endswith(escape):
            parts.append(line[:-1].strip())
            continue
        word, _, rest = " ".join([*parts, line]).strip().partition(" ")
        parts = []
        if word.upper() in {"ADD", "COPY", "RUN"}:
            ends = _HERE.findall(rest)
        yield _Instruction(begun, word.upper(), rest.strip())
