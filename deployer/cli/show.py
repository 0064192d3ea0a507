"""``deployer show``."""

from typing import Any

import click
import msgspec

from deployer.cli.clouds import cloud_options
from deployer.cli.options import shared_options
from deployer.cli.output import Output, human_bytes
from deployer.cli.scores import print_metrics
from deployer.cli.trust import trust_of
from deployer.cli.verdicts import in_short, print_verdict
from deployer.config import Settings
from deployer.errors import UsageError
from deployer.gate.verdict import read_verdict
from deployer.registry.aliasing.history import read_trails
from deployer.registry.cloud import Cloud
from deployer.registry.format.names import check_name, parse_reference
from deployer.registry.format.records import AliasRecord
from deployer.registry.reading.resolve import Resolved, first_that_answers
from deployer.registry.viewing.inventory import aliases_of, presence
from deployer.registry.viewing.matrix import Cell, Matrix, matrix

__all__ = ["show"]

MAX_MOVES = 20

SYMBOLS: dict[Cell, tuple[str, str]] = {
    "complete": ("✓", "green"),
    "behind": ("↓", "yellow"),
    "missing": ("✗", "red"),
    "damaged": ("✗", "red"),
    "diverged": ("≠", "red"),
    "deleted": ("-", "dim"),
    "unreachable": ("?", "red"),
}


@click.command()
@click.argument("reference", metavar="REF")
@click.option("--matrix", "only_matrix", is_flag=True, help="Only which cloud has which version.")
@click.option(
    "--limit",
    default=20,
    show_default=True,
    type=click.IntRange(1, 1_000),
    help="Versions in the matrix.",
)
@shared_options
@cloud_options
def show(
    reference: str,
    *,
    only_matrix: bool,
    limit: int,
    clouds: list[Cloud],
    settings: Settings,
    output: Output,
) -> None:
    """Show one version: files, schema, metrics, the gate's verdict, and which cloud has it.

    For a bare NAME it is the latest, followed by the newest versions and the clouds that have
    them: complete; behind (not there yet); missing or damaged in part; diverged (another version
    has the number); deleted; unreachable. Sizes and recorded digests are compared on every
    cloud; the bytes are not read. The verdict is that of the aliases at this version or, where
    the model has rules, of the last move of an alias to it.

    \b
    Examples:
      deployer show penguins
      deployer show penguins --matrix --limit 5
      deployer show penguins@champion -o json | jq .metrics.scores.accuracy
    """  # noqa: D301 - click wants the backspace itself
    parsed = parse_reference(reference)
    bare = reference == parsed.name
    if only_matrix:
        if not bare:
            raise UsageError(
                f"--matrix is about all versions, {reference!r} names one",
                hint=f"write: deployer show {parsed.name} --matrix",
            )
        _show_matrix(matrix(clouds, check_name(parsed.name), limit), clouds, output)
        return
    resolved, failed = first_that_answers(clouds, parsed, trust_of(settings, clouds, fetches=False))
    for cloud, error in failed.items():
        output.warn(f"{cloud} could not tell: {error}")
    aliases = [
        record
        for record in aliases_of(resolved.cloud, resolved.name)
        if record.version == resolved.version
    ]
    gate = _verdicts(resolved, aliases, settings)
    where = presence(clouds, resolved)
    table = matrix(clouds, resolved.name, limit) if bare else None
    if output.json:
        more = {"matrix": _matrix_document(table)} if table else {}
        output.emit(_document(resolved, aliases, where) | {"gate": gate} | more)
        return
    _print(resolved, aliases, gate, where, clouds, output)
    if table:
        _print_matrix(table, clouds, output)


def _verdicts(
    resolved: Resolved, aliases: list[AliasRecord], settings: Settings
) -> dict[str, dict[str, Any]]:
    """Return the gate's verdicts on a version: alias → document."""
    found = {each.alias: each.verdict for each in aliases if each.verdict}
    gate = settings.gate_of(resolved.name)
    if found or resolved.version is None or not gate.rules:
        return found
    # It may have been moved on since: only then is the history worth its requests.
    for trail in read_trails(resolved.cloud, resolved.name, gate.require_gate_for, MAX_MOVES):
        for entry in trail.entries:
            record = entry.record
            if record is None or entry.problem or record.removed or not record.verdict:
                continue
            if (record.version, record.manifest) == (resolved.version, resolved.digest):
                found.setdefault(trail.alias, record.verdict)
    return found


def _document(
    resolved: Resolved, aliases: list[AliasRecord], where: dict[str, str]
) -> dict[str, Any]:
    record = resolved.record
    return {
        "model": resolved.name,
        "version": resolved.version,
        "manifest": f"sha256:{resolved.digest}",
        "created": record.created if record else None,
        "by": record.by if record else None,
        "aliases": [each.alias for each in aliases],
        "signed_by": resolved.signed.signer if resolved.signed else None,
        "notes": {each.alias: each.note for each in aliases if each.note},
        "clouds": where,
        **{
            name: value
            for name, value in msgspec.to_builtins(resolved.manifest).items()
            if name != "format"
        },
    }


def _signed(resolved: Resolved) -> str:
    if resolved.signed is None:
        return "yes, not checked: no [signing] public_keys"
    return f"by {resolved.signed.signer} ({resolved.signed.covers})"


def _print(
    resolved: Resolved,
    aliases: list[AliasRecord],
    gate: dict[str, dict[str, Any]],
    where: dict[str, str],
    clouds: list[Cloud],
    output: Output,
) -> None:
    manifest, record = resolved.manifest, resolved.record
    version = f":{resolved.version}" if resolved.version else ""
    about: list[tuple[str, object]] = [
        ("version", f"{resolved.name}{version}"),
        ("manifest", f"sha256:{resolved.digest}"),
        ("aliases", ", ".join(each.alias for each in aliases) or "none"),
        ("files", f"{len(manifest.files)}, {human_bytes(manifest.size)}"),
    ]
    about += [("note", f"{each.alias}: {each.note}") for each in aliases if each.note]
    verdicts = {alias: read_verdict(document) for alias, document in gate.items()}
    about += [("gate", f"{name}: {in_short(each)}") for name, each in verdicts.items() if each]
    if manifest.signature:
        about.append(("signed", _signed(resolved)))
    if record:
        about.append(("published", f"{record.created} by {record.by}"))
    if manifest.lineage.parent:
        about.append(("parent", f"sha256:{manifest.lineage.parent}"))
    if manifest.lineage.data:
        about.append(("data", f"sha256:{manifest.lineage.data}"))
    if manifest.lineage.commit:
        about.append(("commit", manifest.lineage.commit))
    about.append(("residency", ", ".join(manifest.residency) or "anywhere"))
    signature = f"sha256:{manifest.signature}" if manifest.signature else "none"
    about.append(("signature", signature))
    output.fields(about)
    for each in verdicts.values():
        if each:
            print_verdict(each, output)
    print_metrics(manifest.metrics or {}, output)
    output.table(
        ["file", "size", "sha256"],
        [[file.path, human_bytes(file.size), f"{file.sha256[:16]}…"] for file in manifest.files],
    )
    output.table(
        ["cloud", "store", "state"],
        [[cloud.name, cloud.store.url, where[cloud.name]] for cloud in clouds],
    )


def _show_matrix(table: Matrix, clouds: list[Cloud], output: Output) -> None:
    if output.json:
        output.emit({"model": table.name, **_matrix_document(table)})
    else:
        _print_matrix(table, clouds, output)


def _matrix_document(table: Matrix) -> dict[str, Any]:
    return {
        "reference": table.reference,
        "versions": [
            {
                "version": line.version,
                "manifest": f"sha256:{line.manifest}" if line.manifest else None,
                "created": line.created or None,
                "by": line.by or None,
                "aliases": list(line.aliases),
                "clouds": dict(line.clouds),
            }
            for line in table.lines
        ],
        "older": table.older,
    }


def _print_matrix(table: Matrix, clouds: list[Cloud], output: Output) -> None:
    from rich.text import Text  # noqa: PLC0415 - only to draw

    rows = []
    for line in table.lines:
        cells: list[object] = [line.version, ", ".join(line.aliases), line.created]
        for cloud in clouds:
            symbol, style = SYMBOLS[line.clouds[cloud.name]]
            cells.append(Text(f"{symbol} {line.clouds[cloud.name]}", style=style))
        rows.append(cells)
    output.table(["version", "aliases", "published", *(cloud.name for cloud in clouds)], rows)
    if table.older:
        output.say(f"{table.older} older ones; see them with --limit")
    if not table.is_home:
        output.warn(f"the home does not answer; the others are held against {table.reference}")
    for name, error in table.failed.items():
        output.warn(f"{name} is unreachable: {error}")
