"""``deployer list``."""

import click

from deployer.cli.clouds import cloud_options
from deployer.cli.options import shared_options
from deployer.cli.output import Output
from deployer.config import Settings
from deployer.registry.cloud import Cloud
from deployer.registry.inventory import aliases_of, models, version_numbers
from deployer.registry.names import check_name
from deployer.registry.resolve import read_version

__all__ = ["list_"]


@click.command("list")
@click.argument("name", required=False)
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1), help="Versions.")
@shared_options
@cloud_options
def list_(
    name: str | None, *, limit: int, clouds: list[Cloud], settings: Settings, output: Output
) -> None:
    """List models, or the versions of one; the newest first.

    The first of the clouds is asked.

    \b
    Examples:
      deployer list
      deployer list penguins --clouds gcp
      deployer list -o json | jq -r '.[].name'
    """  # noqa: D301 - click wants the backspace itself
    if name is None:
        _models(clouds[0], output)
    else:
        _versions(clouds[0], check_name(name), limit, output)


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


def _versions(cloud: Cloud, name: str, limit: int, output: Output) -> None:
    numbers = version_numbers(cloud, name)
    aliases: dict[int, list[str]] = {}
    for record in aliases_of(cloud, name):
        aliases.setdefault(record.version, []).append(record.alias)
    records = [
        read_version(cloud, name, number) for number in sorted(numbers, reverse=True)[:limit]
    ]
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
                for record in records
            ]
        )
        return
    rows = [
        [
            record.version,
            ", ".join(aliases.get(record.version, [])),
            record.created,
            record.by,
            f"sha256:{record.manifest[:16]}…",
        ]
        for record in records
    ]
    output.table(["version", "aliases", "published", "by", "manifest"], rows)
    if len(numbers) > limit:
        output.say(f"{len(numbers) - limit} older ones; see them with --limit {len(numbers)}")
