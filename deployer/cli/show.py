"""``deployer show``."""

from typing import TYPE_CHECKING, Any

import click
import msgspec

from deployer.cli.clouds import cloud_options
from deployer.cli.options import shared_options
from deployer.cli.output import Output, human_bytes
from deployer.cli.trust import trust_of
from deployer.config import Settings
from deployer.errors import UsageError
from deployer.registry.cloud import Cloud
from deployer.registry.format.names import check_name, parse_reference
from deployer.registry.format.records import AliasRecord
from deployer.registry.reading.resolve import Resolved, first_that_answers
from deployer.registry.viewing.inventory import aliases_of, presence
from deployer.registry.viewing.matrix import Cell, Matrix, matrix

if TYPE_CHECKING:
    from rich.text import Text

__all__ = ["show"]

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
    """Show one version: files, schema, metrics, and which cloud has it.

    For a bare NAME it is the latest, followed by the newest versions and the clouds that have
    them: complete; behind (not there yet); missing or damaged in part; diverged (another version
    has the number); deleted; unreachable. Sizes and recorded digests are compared on every
    cloud; the bytes are not read.

    \b
    Examples:
      deployer show penguins
      deployer show penguins --matrix --limit 5
      deployer show penguins@champion -o json | jq .metrics.accuracy
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
    where = presence(clouds, resolved)
    table = matrix(clouds, resolved.name, limit) if bare else None
    if output.json:
        more = {"matrix": _matrix_document(table)} if table else {}
        output.emit(_document(resolved, aliases, where) | more)
        return
    _print(resolved, aliases, where, clouds, output)
    if table:
        _print_matrix(table, clouds, output)


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
    _print_metrics(manifest.metrics or {}, output)
    output.table(
        ["file", "size", "sha256"],
        [[file.path, human_bytes(file.size), f"{file.sha256[:16]}…"] for file in manifest.files],
    )
    output.table(
        ["cloud", "store", "state"],
        [[cloud.name, cloud.store.url, where[cloud.name]] for cloud in clouds],
    )


def _print_metrics(metrics: dict[str, Any], output: Output) -> None:
    """Print the numbers that stand alone, then each list of named entries as a table."""
    flat = [[name, _number(value)] for name, value in _numbers(metrics)]
    if flat:
        output.table(["metric", "value"], flat)
    for name, entries in metrics.items():
        if not isinstance(entries, list) or not all(isinstance(each, dict) for each in entries):
            continue
        named = dict.fromkeys(key for entry in entries for key in entry)
        # Canonical JSON orders by name and writes 1.0 as 1.
        columns = sorted(
            named, key=lambda key: not any(isinstance(e.get(key), str) for e in entries)
        )
        broken = {key for key in columns if any(isinstance(e.get(key), float) for e in entries)}
        if columns:
            rows = [
                [_cell(entry.get(key, ""), key in broken) for key in columns] for entry in entries
            ]
            output.table([f"{name}: {columns[0]}", *columns[1:]], rows)


def _numbers(metrics: dict[str, Any], at: str = "") -> list[tuple[str, float]]:
    found: list[tuple[str, float]] = []
    for name, value in metrics.items():
        if isinstance(value, dict):
            found += _numbers(value, f"{at}{name}.")
        elif isinstance(value, int | float) and not isinstance(value, bool):
            found.append((f"{at}{name}", value))
    return found


def _cell(value: object, broken: bool) -> "Text | str":
    """Return a cell of a column whose numbers are fractions, or are not."""
    whole = isinstance(value, int) and not isinstance(value, bool)
    return _number(float(str(value)) if whole and broken else value)


def _number(value: object) -> "Text | str":
    """Return a cell: numbers to the right, with the digits that tell them apart."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    from rich.text import Text  # noqa: PLC0415 - only to draw

    # What rounds to zero is written with its exponent.
    plain = isinstance(value, int) or value == 0 or f"{abs(value):.4f}" != "0.0000"
    text = f"{value:.4f}" if plain and isinstance(value, float) else f"{value:.4g}"
    return Text(str(value) if isinstance(value, int) else text, justify="right")


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
