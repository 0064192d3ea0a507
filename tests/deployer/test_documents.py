"""What users read is true: links lead somewhere, commands and flags exist, lists are complete."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

from deployer.drills.proxy.rules import Effect
from deployer.drills.running.hindrance import hindrance
from deployer.drills.scenario.load import builtin_files, read
from deployer.drills.verbs.catalog import Step
from infra.policy.catalog import RULES
from tests.deployer.cli.test_cli_startup import find

ROOT = Path(__file__).parents[2]
DOCUMENTS = [
    *(ROOT / name for name in ("README.md", "CHANGELOG.md", "image/README.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "examples").rglob("*.md")),
]
NAMES = [str(path.relative_to(ROOT)) for path in DOCUMENTS]
every_document = pytest.mark.parametrize("path", DOCUMENTS, ids=NAMES)

LINK = re.compile(r"\]\(([^)\s]+)\)|<img src=\"([^\"]+)\"")
CODE = re.compile(r"`([^`\n]+)`")
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
SETTING = re.compile(r"\w+=\S*")
NO_COMMANDS = {"COMMAND", "store"}
"""Behind `deployer`: for any command, and a row of the benchmarks."""
ENDS = re.compile(r"[|&;>…]|^#")


def anchors(text: str) -> set[str]:
    """Return the anchors that GitHub gives the headings."""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", text), re.MULTILINE)
    return {
        re.sub(r"[^\w\- ]", "", heading.replace("`", "")).lower().replace(" ", "-")
        for heading in headings
    }


def commands(text: str) -> Iterator[list[str]]:
    """Yield the words of each command of deployer in blocks and in running text."""
    lines = [line for block in FENCE.findall(text) for line in block.splitlines()]
    shown = [line.removeprefix("$ ") for line in lines]
    for line in [*shown, *CODE.findall(FENCE.sub("", text))]:
        try:
            words = shlex.split(line)
        except ValueError:
            continue  # output that has an apostrophe in it, such as that of a drill
        while words and SETTING.fullmatch(words[0]):
            words = words[1:]
        if words[:1] == ["deployer"]:
            end = next((at for at, word in enumerate(words) if ENDS.search(word)), len(words))
            yield words[1:end]


@every_document
def test_links_lead_somewhere(path: Path) -> None:
    for found in LINK.findall(FENCE.sub("", path.read_text("utf-8"))):
        target, _, anchor = (found[0] or found[1]).partition("#")
        if re.match(r"[a-z]+:", target):
            continue
        file = (path.parent / target).resolve() if target else path
        assert file.exists(), target
        assert not anchor or anchor in anchors(file.read_text("utf-8")), f"{target}#{anchor}"


@every_document
def test_commands_and_flags_exist(path: Path) -> None:
    for words in commands(path.read_text("utf-8")):
        command, rest = find(words)
        known = {flag for each in command.params for flag in (*each.opts, *each.secondary_opts)}
        flags = {word.partition("=")[0] for word in rest if word.startswith("-")}
        assert flags <= {*known, "--help"}, " ".join(words)
        assert command.name != "main" or flags or set(rest[:1]) <= NO_COMMANDS, " ".join(words)


def test_commands_are_found_in_documents() -> None:
    text = "```console\n$ A=1 deployer push m n --clouds a,b | jq\n```\n`deployer show NAME`"
    assert list(commands(text)) == [
        ["push", "m", "n", "--clouds", "a,b"],
        ["show", "NAME"],
    ]


@every_document
def test_the_number_of_policies(path: Path) -> None:
    """A decision record tells what was true when it was made."""
    told = re.findall(r"(\d+) policies|(\d+)\s+\[?policies", path.read_text("utf-8"))
    if path.parent.name != "adr":
        assert {int(a or b) for a, b in told} <= {len(RULES)}


def test_the_number_of_drills() -> None:
    count = len(builtin_files())
    for name, words in {
        "README.md": f"There are {count}:",
        "docs/drills.md": f"the {count} that come with it",
        "CHANGELOG.md": f"{count} drills",
    }.items():
        assert words in (ROOT / name).read_text("utf-8"), name


def test_every_drill_is_in_the_table() -> None:
    text = (ROOT / "docs" / "drills.md").read_text("utf-8")
    for each in map(read, builtin_files()):
        mark = "" if hindrance(each, writes=False) else " ¹"
        assert f"| {each.number}{mark} | `{each.name}` | {each.title} | {each.must} |" in text


def test_every_verb_and_every_fault_is_listed() -> None:
    text = (ROOT / "docs" / "drills.md").read_text("utf-8")
    _, _, rest = text.partition("| `do` | |\n|---|---|\n")
    rows = rest.partition("\n\n")[0].splitlines()
    listed = {verb for row in rows for verb in CODE.findall(row.split("|")[1])}
    assert listed == {each.__struct_config__.tag for each in get_args(Step)}
    (faults,) = [row for row in rows if row.startswith("| `disturb`")]
    assert set(faults.rpartition(": ")[2].rstrip(" |").split(", ")) == set(get_args(Effect))
