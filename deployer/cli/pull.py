"""``deployer pull``."""

from pathlib import Path

import click

from deployer.cli.clouds import cloud_options
from deployer.cli.options import shared_options
from deployer.cli.output import Output, human_bytes
from deployer.cli.progress import CloudProgress
from deployer.config import Settings
from deployer.errors import UsageError
from deployer.registry.cloud import Cloud
from deployer.registry.names import parse_reference
from deployer.registry.pull import pull as pull_version
from deployer.registry.resolve import Resolved

__all__ = ["pull"]


@click.command()
@click.argument("reference", metavar="REF")
@click.argument("target", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--from", "source", metavar="CLOUD", help="Only from this cloud.")
@shared_options
@cloud_options
def pull(
    reference: str,
    target: Path,
    *,
    source: str | None,
    clouds: list[Cloud],
    settings: Settings,
    output: Output,
) -> None:
    """Fetch a version, verified, from any cloud.

    REF is NAME (the latest), NAME:3, NAME@champion or NAME@sha256:DIGEST. Every byte is checked
    against the manifest, and DIR appears whole or not at all. A cloud that fails or serves wrong
    bytes is passed over, unless --from names the only one to use.

    \b
    Examples:
      deployer pull penguins out/
      deployer pull penguins@champion out/ --from gcp
      deployer pull penguins:3 out/ -o json
    """  # noqa: D301 - click wants the backspace itself
    parsed = parse_reference(reference)
    if source:
        clouds = [cloud for cloud in clouds if cloud.name == source]
        if not clouds:
            raise UsageError(f"unknown cloud {source!r}", hint="see: deployer config show")
    label = "pull"
    with CloudProgress(output) as progress:

        def begin(resolved: Resolved) -> None:
            progress.begin(label, resolved.manifest.size)

        pulled = pull_version(
            clouds,
            parsed,
            target,
            progress=lambda count: progress.advance(label, count),
            begin=begin,
        )
        progress.finish(label, None)
    for cloud, reason in pulled.skipped.items():
        output.warn(f"{cloud} was passed over: {reason}")
    resolved = pulled.resolved
    if output.json:
        output.emit(
            {
                "model": resolved.name,
                "version": resolved.version,
                "manifest": f"sha256:{resolved.digest}",
                "target": str(target),
                "files": len(resolved.manifest.files),
                "bytes": resolved.manifest.size,
                "sources": pulled.sources,
                "skipped": pulled.skipped,
            }
        )
        return
    version = f":{resolved.version}" if resolved.version else ""
    output.done(
        f"{resolved.name}{version} → {target} ({len(resolved.manifest.files)} files, "
        f"{human_bytes(resolved.manifest.size)}, from {', '.join(pulled.sources)})"
    )
