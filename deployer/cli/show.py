"""``deployer show``."""

from typing import Any

import click
import msgspec

from deployer.cli.clouds import cloud_options
from deployer.cli.options import shared_options
from deployer.cli.output import Output, human_bytes
from deployer.config import Settings
from deployer.registry.cloud import Cloud
from deployer.registry.inventory import aliases_of, presence
from deployer.registry.names import parse_reference
from deployer.registry.resolve import Resolved, first_that_answers

__all__ = ["show"]


@click.command()
@click.argument("reference", metavar="REF")
@shared_options
@cloud_options
def show(reference: str, *, clouds: list[Cloud], settings: Settings, output: Output) -> None:
    """Show one version: files, schema, metrics, and which cloud has it.

    Sizes and recorded digests are compared on every cloud; the bytes are not read.

    \b
    Examples:
      deployer show penguins
      deployer show penguins@champion -o json | jq .metrics.accuracy
    """  # noqa: D301 - click wants the backspace itself
    resolved, failed = first_that_answers(clouds, parse_reference(reference))
    for cloud, error in failed.items():
        output.warn(f"{cloud} could not tell: {error}")
    aliases = [
        record.alias
        for record in aliases_of(resolved.cloud, resolved.name)
        if record.version == resolved.version
    ]
    where = presence(clouds, resolved)
    if output.json:
        output.emit(_document(resolved, aliases, where))
    else:
        _print(resolved, aliases, where, clouds, output)


def _document(resolved: Resolved, aliases: list[str], where: dict[str, str]) -> dict[str, Any]:
    record = resolved.record
    return {
        "model": resolved.name,
        "version": resolved.version,
        "manifest": f"sha256:{resolved.digest}",
        "created": record.created if record else None,
        "by": record.by if record else None,
        "aliases": aliases,
        "clouds": where,
        **{
            name: value
            for name, value in msgspec.to_builtins(resolved.manifest).items()
            if name != "format"
        },
    }


def _print(
    resolved: Resolved,
    aliases: list[str],
    where: dict[str, str],
    clouds: list[Cloud],
    output: Output,
) -> None:
    manifest, record = resolved.manifest, resolved.record
    version = f":{resolved.version}" if resolved.version else ""
    about: list[tuple[str, object]] = [
        ("version", f"{resolved.name}{version}"),
        ("manifest", f"sha256:{resolved.digest}"),
        ("aliases", ", ".join(aliases) or "none"),
        ("files", f"{len(manifest.files)}, {human_bytes(manifest.size)}"),
    ]
    if record:
        about.append(("published", f"{record.created} by {record.by}"))
    if manifest.lineage.parent:
        about.append(("parent", f"sha256:{manifest.lineage.parent}"))
    if manifest.lineage.data:
        about.append(("data", f"sha256:{manifest.lineage.data}"))
    if manifest.lineage.commit:
        about.append(("commit", manifest.lineage.commit))
    about += [(name, f"{value:.4f}") for name, value in _scores(manifest.metrics)]
    output.fields(about)
    output.table(
        ["file", "size", "sha256"],
        [[file.path, human_bytes(file.size), f"{file.sha256[:16]}…"] for file in manifest.files],
    )
    output.table(
        ["cloud", "store", "state"],
        [[cloud.name, cloud.store.url, where[cloud.name]] for cloud in clouds],
    )


def _scores(metrics: dict[str, Any] | None) -> list[tuple[str, float]]:
    named = (metrics or {}).items()
    return [(name, value) for name, value in named if isinstance(value, float)]
