"""``deployer push``."""

import sys
from pathlib import Path

import click

from deployer.cli.clouds import cloud_options, required_number
from deployer.cli.options import shared_options
from deployer.cli.output import Output, human_bytes
from deployer.cli.progress import CloudProgress
from deployer.config import Settings, state_dir
from deployer.errors import ExitCode
from deployer.publishing import facts_of
from deployer.registry.cloud import Cloud
from deployer.registry.names import check_alias, check_name
from deployer.registry.publish import Published, Request, publish

__all__ = ["push"]


@click.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.argument("name", metavar="NAME[:ALIAS]")
@click.option("--alias", "aliases", multiple=True, help="Point this alias at it too; repeatable.")
@click.option("--require", metavar="all|majority|N", help="How many clouds must have it. [all]")
@click.option("--home", metavar="CLOUD", help="The cloud that orders publishes, on the first push.")
@shared_options
@cloud_options
def push(
    path: Path,
    name: str,
    *,
    aliases: tuple[str, ...],
    require: str | None,
    home: str | None,
    clouds: list[Cloud],
    settings: Settings,
    output: Output,
) -> None:
    """Publish a model to every cloud as one version.

    PATH is the model's folder. Every file is read and hashed once and sent to all clouds at once;
    content that a cloud has is not sent again. Nobody sees the version on a cloud before all of
    it is there. Interrupted or failed? Run the same command again: it finishes the work.

    \b
    Examples:
      deployer push model/ penguins --clouds aws,gcp,azure
      deployer push model/ penguins:champion
      deployer push model/ penguins --require majority -o json
    """  # noqa: D301 - click wants the backspace itself
    model, colon, tag = name.partition(":")
    request = Request(
        model=check_name(model),
        root=path,
        facts=facts_of(path),
        aliases=tuple(dict.fromkeys(check_alias(a) for a in (*aliases, *([tag] if colon else [])))),
        clouds=clouds,
        home=home or settings.push.home,
        require=required_number(settings.push.require if require is None else require, len(clouds)),
        state=state_dir(),
    )
    with CloudProgress(output, "complete") as progress:
        published = publish(request, progress)
    if output.json:
        output.emit(_document(published))
    else:
        _print(published, clouds, output)
    if published.behind:
        for cloud, error in published.behind.items():
            output.warn(f"{cloud} is behind: {error} — run the same command again to bring it up")
        sys.exit(ExitCode.PARTIAL)


def _document(published: Published) -> dict[str, object]:
    return {
        "model": published.model,
        "version": published.version,
        "manifest": f"sha256:{published.manifest}",
        "created": published.created,
        "home": published.home,
        "files": published.files,
        "bytes": published.size,
        "aliases": list(published.aliases),
        "clouds": {
            name: {"sent": sent.sent, "sent_bytes": sent.sent_bytes, "reused": sent.reused}
            for name, sent in published.sent.items()
        },
        "behind": {name: str(error) for name, error in published.behind.items()},
    }


def _print(published: Published, clouds: list[Cloud], output: Output) -> None:
    rows = []
    for cloud in clouds:
        sent = published.sent.get(cloud.name)
        state = "behind" if cloud.name in published.behind else "complete"
        role = "home" if cloud.name == published.home else ""
        if sent is None:
            rows.append([cloud.name, cloud.store.url, state, role, "", ""])
        else:
            amount = f"{sent.sent} files, {human_bytes(sent.sent_bytes)}"
            rows.append([cloud.name, cloud.store.url, state, role, amount, f"{sent.reused} files"])
    verb = "published" if published.created else "already there:"
    output.done(
        f"{verb} {published.model}:{published.version} "
        f"({published.files} files, {human_bytes(published.size)}), "
        f"aliases {', '.join(published.aliases)}"
    )
    output.table(["cloud", "store", "state", "role", "sent", "reused"], rows)
    output.out.print(f"manifest sha256:{published.manifest}", markup=False)
