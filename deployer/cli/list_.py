"""``deployer list``."""

import sys

import click

from deployer.cli.clouds import cloud_options
from deployer.cli.options import shared_options
from deployer.cli.output import Output
from deployer.config import Settings
from deployer.errors import ExitCode
from deployer.registry.cloud import Cloud
from deployer.registry.format.names import LATEST, check_name
from deployer.registry.viewing.inventory import models, newest_versions, read_aliases

__all__ = ["list_"]


@click.command("list")
@click.argument("name", required=False)
@click.option(
    "--limit", default=20, show_default=True, type=click.IntRange(1), help="Only the newest."
)
@click.option("--all", "everything", is_flag=True, help="All versions, however many there are.")
@shared_options
@cloud_options
def list_(
    name: str | None,
    *,
    limit: int,
    everything: bool,
    clouds: list[Cloud],
    settings: Settings,
    output: Output,
) -> None:
    """List models, or the versions of one; the newest first.

    The first of the clouds is asked. Exits with 11 if an alias there is damaged.

    \b
    Examples:
      deployer list
      deployer list penguins --clouds gcp
      deployer list penguins --all -o json | jq length
      deployer list -o json | jq -r '.[].name'
    """  # noqa: D301 - click wants the backspace itself
    if name is None:
        _models(clouds[0], output)
    else:
        _versions(clouds[0], check_name(name), None if everything else limit, output)


def _models(cloud: Cloud, output: Output) -> None:
    lines = list(models(cloud))
    if output.json:
        fields = ("name", "latest", "created", "by", "aliases")
        output.emit([{field: getattr(line, field) for field in fields} for line in lines])
        return
    if not lines:
        output.say(f"{cloud.name} has no models yet; publish one: deployer push DIR NAME")
        return
    rows = [
        [
            line.name,
            line.latest or "",
            ", ".join(f"{alias}:{version}" for alias, version in line.aliases.items()),
            line.created,
            line.by,
        ]
        for line in lines
    ]
    output.table(["model", "latest", "aliases", "published", "by"], rows)


def _versions(cloud: Cloud, name: str, limit: int | None, output: Output) -> None:
    found, damaged = read_aliases(cloud, name)
    latest = next((record.version for record in found if record.alias == LATEST), None)
    versions = newest_versions(cloud, name, latest, limit)
    aliases: dict[int, list[str]] = {}
    for record in found:
        aliases.setdefault(record.version, []).append(record.alias)
    if output.json:
        output.emit(
            [
                {
                    "version": record.version,
                    "manifest": f"sha256:{record.manifest}",
                    "created": record.created,
                    "by": record.by,
                    "aliases": aliases.get(record.version, []),
                }
                for record in versions.records
            ]
        )
    else:
        rows = [
            [
                record.version,
                ", ".join(aliases.get(record.version, [])),
                record.created,
                record.by,
                f"sha256:{record.manifest[:16]}…",
            ]
            for record in versions.records
        ]
        output.table(["version", "aliases", "published", "by", "manifest"], rows)
        if versions.older:
            shown = len(versions.records) + versions.older
            output.say(f"{versions.older} older ones; see them with --limit {shown}, or --all")
    for error in damaged.values():
        output.warn(str(error))
    if damaged:
        sys.exit(ExitCode.INTEGRITY)
