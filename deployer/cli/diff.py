"""``deployer diff``."""

import sys
from typing import Any

import click
import msgspec

from deployer.cli.clouds import cloud_options
from deployer.cli.difference import Section, sections
from deployer.cli.options import shared_options
from deployer.cli.output import Output, printable
from deployer.config import Settings
from deployer.errors import DeployerError, ExitCode, UsageError
from deployer.registry.cloud import Cloud
from deployer.registry.format.names import parse_reference
from deployer.registry.format.records import Manifest
from deployer.registry.reading.resolve import Resolved, first_that_answers, read_manifest
from deployer.registry.viewing.diff import Change, Difference, FileChange, Kinship, compare, kinship
from providers.errors import StoreError

__all__ = ["diff"]

RELATIONS = {
    "same": "both are the same version",
    "unrelated": "neither comes from the other",
    "unknown": "whether one comes from the other cannot be told: the lineage is too long or broken",
}


@click.command()
@click.argument("first", metavar="A")
@click.argument("second", metavar="B")
@click.option("--markdown", is_flag=True, help="Print Markdown, for a pull request.")
@click.option("--exit-code", is_flag=True, help="Exit with 7 if they differ.")
@shared_options
@cloud_options
def diff(
    first: str,
    second: str,
    *,
    markdown: bool,
    exit_code: bool,
    clouds: list[Cloud],
    settings: Settings,
    output: Output,
) -> None:
    """Show what is different between the versions A and B, of one model or of two.

    Files, schema, metrics, frameworks, training data, source commit, residency, whether there is
    a signature, and whether one comes from the other. No file is fetched. A metric's change is
    given with its sign; whether more is better, only you know.

    The exit code is 0 whether they differ or not; with --exit-code it is 7 if they do.

    \b
    Examples:
      deployer diff penguins:1 penguins:2
      deployer diff penguins@champion penguins --markdown >> "$GITHUB_STEP_SUMMARY"
      deployer diff penguins:1 penguins:2 --exit-code -o json | jq .metrics
    """  # noqa: D301 - click wants the backspace itself
    if markdown and output.json:
        raise UsageError("--markdown and -o json exclude each other", hint="choose one")
    old, new = (_resolve(clouds, text, output) for text in (first, second))
    difference = compare(old.manifest, new.manifest)
    related = _kinship(clouds, old, new)
    if output.json:
        output.emit(_document(old, new, difference, related))
    elif markdown:
        click.echo(_markdown(old, new, sections(difference), related))
    else:
        output.fields([("from", _title(old)), ("to", _title(new)), ("lineage", _relation(related))])
        for section in sections(difference):
            output.table([section.title, *section.columns], section.rows)
        if not difference:
            output.say("no difference")
    if exit_code and difference:
        sys.exit(ExitCode.CHANGES)


def _resolve(clouds: list[Cloud], text: str, output: Output) -> Resolved:
    resolved, failed = first_that_answers(clouds, parse_reference(text))
    for cloud, error in failed.items():
        output.warn(f"{cloud} could not tell: {error}")
    return resolved


def _kinship(clouds: list[Cloud], old: Resolved, new: Resolved) -> Kinship:
    def read(digest: str) -> Manifest | None:
        for cloud in (new.cloud, *(each for each in clouds if each is not new.cloud)):
            try:
                return read_manifest(cloud, digest)
            except (StoreError, DeployerError):
                continue
        return None

    if old.name != new.name:
        return Kinship("unrelated")
    return kinship(read, (old.digest, old.manifest), (new.digest, new.manifest))


def _title(resolved: Resolved) -> str:
    version = f":{resolved.version}" if resolved.version else ""
    return f"{resolved.name}{version} (sha256:{resolved.digest[:16]}…)"


def _relation(related: Kinship) -> str:
    if related.steps is None:
        return RELATIONS[related.relation]
    came, of = ("second", "first") if related.relation == "ancestor" else ("first", "second")
    steps = "1 version" if related.steps == 1 else f"{related.steps} versions"
    return f"the {came} comes from the {of}, {steps} later"


def _document(
    old: Resolved, new: Resolved, difference: Difference, related: Kinship
) -> dict[str, Any]:
    def of(change: Change) -> dict[str, Any]:
        numbers = {} if change.delta is None else {"delta": change.delta}
        return {**msgspec.to_builtins(change), **numbers}

    def file(change: FileChange) -> dict[str, Any]:
        found = change.after or change.before
        assert found is not None  # noqa: S101 - a change is of something
        return {"path": found.path, **msgspec.to_builtins(change)}

    return {
        "differs": bool(difference),
        "from": _which(old),
        "to": _which(new),
        "lineage": {"relation": related.relation, "steps": related.steps},
        "files": [file(change) for change in difference.files],
        **{
            name: [of(change) for change in getattr(difference, name)]
            for name in ("schema", "metrics", "frameworks", "about")
        },
    }


def _which(resolved: Resolved) -> dict[str, Any]:
    return {
        "model": resolved.name,
        "version": resolved.version,
        "manifest": f"sha256:{resolved.digest}",
    }


def _markdown(old: Resolved, new: Resolved, found: list[Section], related: Kinship) -> str:
    said = _relation(related)
    lines = [
        f"### {_code(_title(old))} → {_code(_title(new))}",
        "",
        f"{said[0].upper()}{said[1:]}.",
        "",
    ]
    for section in found:
        columns = [section.title, *section.columns]
        lines += [_line(columns), _line(["---"] * len(columns))]
        lines += [_line([_code(cell) for cell in row]) for row in section.rows]
        lines.append("")
    return "\n".join(lines if found else [*lines, "No difference."]).rstrip("\n")


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _code(text: str) -> str:
    """Return text that Markdown takes as it is, links and mentions included."""
    plain = printable(text).replace("|", "\\|")
    if not plain.strip():
        return ""
    fence = "`"
    while fence in plain:
        fence += "`"
    space = " " if plain.startswith("`") or plain.endswith("`") else ""
    return f"{fence}{space}{plain}{space}{fence}"
