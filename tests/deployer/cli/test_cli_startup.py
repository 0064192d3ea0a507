"""The face of the command line: help with examples, versions, misspelt names, exit codes."""

import re
import shlex

import click
import pytest
from click.testing import CliRunner

from deployer.cli import SECTIONS, main
from deployer.errors import ExitCode

MAXIMUM = 100  # columns of a help page


def commands(group: click.Group, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Return the paths of all commands, groups included."""
    found: list[tuple[str, ...]] = []
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        found.append((*path, name))
        if isinstance(command, click.Group):
            found += commands(command, (*path, name))
    return found


ALL = commands(main)
LEAVES = [path for path in ALL if not any(o != path and o[: len(path)] == path for o in ALL)]


def shown(*arguments: str, code: int = 0) -> str:
    result = CliRunner().invoke(main, arguments, prog_name="deployer")
    assert result.exit_code == code, result.output
    return result.output


def examples(text: str) -> list[str]:
    """Return the command lines under "Examples"."""
    block = re.split(r"Examples?:\n", text)[1]
    lines = [line.strip() for line in block.splitlines()]
    return [line for line in lines if re.match(r"(\w+=\S+ )*deployer ", line)]


def find(words: list[str]) -> tuple[click.Command, list[str]]:
    """Return the command that these words name and the words behind its name."""
    command: click.Command = main
    while words and isinstance(command, click.Group):
        below = command.get_command(click.Context(command), words[0])
        if below is None:
            break
        command, words = below, words[1:]
    return command, words


@pytest.mark.parametrize("path", ALL, ids=" ".join)
@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_help(path: tuple[str, ...], flag: str) -> None:
    text = shown(*path, flag)
    assert text.startswith(f"Usage: deployer {' '.join(path)} ")
    assert all(len(line) <= MAXIMUM for line in text.splitlines())


@pytest.mark.parametrize("path", [(), *LEAVES], ids=" ".join)
def test_examples_are_real_commands(path: tuple[str, ...]) -> None:
    """Each one names a command, and every flag in it exists."""
    found = examples(shown(*path, "--help"))
    assert found
    for line in found:
        words = [word for word in shlex.split(line.partition("|")[0]) if "=" not in word[:20]]
        command, rest = find(words[words.index("deployer") + 1 :])
        assert not path or command.name == path[-1], line
        known = {flag for each in command.params for flag in (*each.opts, *each.secondary_opts)}
        known |= {"--help", "-h", "--version"}
        assert {w.partition("=")[0] for w in rest if w.startswith("-")} <= known, line


@pytest.mark.parametrize("path", LEAVES, ids=" ".join)
def test_every_option_says_what_it_does(path: tuple[str, ...]) -> None:
    command, _ = find(list(path))
    for option in command.params:
        assert isinstance(option, click.Argument) or getattr(option, "help", None), option.name


def test_the_overview_lists_every_command() -> None:
    text = shown("--help")
    for title, section in SECTIONS.items():
        assert f"{title}:" in text
        for name, lazy in section.items():
            assert re.search(rf"^  {name} +{re.escape(lazy.help)}$", text, re.MULTILINE)
            command, _ = find([name])
            assert command.name == name
            assert command.help


def test_exit_codes_are_documented() -> None:
    text = shown("--help")
    for code in ExitCode:
        assert re.search(rf"(^| ) *{int(code)} [a-z]", text, re.MULTILINE), code


def test_version() -> None:
    assert re.fullmatch(r"deployer \d+\.\d+\.\d+\S*\n", shown("--version"))


@pytest.mark.parametrize(
    ("words", "suggested"),
    [(["psuh"], "push"), (["pul"], "pull"), (["aliass", "set"], "alias"), (["lst"], "list")],
)
def test_a_misspelt_command(words: list[str], suggested: str) -> None:
    assert f"'{suggested}'" in shown(*words, code=2)


@pytest.mark.parametrize(
    "words",
    [
        ["nonsense"],
        ["push"],
        ["push", "model"],
        ["pull", "penguins"],
        ["pull", "penguins", "out", "more"],
        ["push", "model", "penguins", "--nope"],
        ["list", "-o", "yaml"],
        ["alias", "set", "penguins"],
        ["alias", "nope"],
        ["--nope"],
    ],
    ids=" ".join,
)
def test_bad_arguments(words: list[str]) -> None:
    text = shown(*words, code=2)
    assert "Usage:" in text
    assert "Traceback" not in text
