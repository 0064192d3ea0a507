"""``deployer delete``."""

import sys

import click

from deployer.cli.audited import audited
from deployer.cli.clouds import cloud_options
from deployer.cli.options import shared_options
from deployer.cli.output import Output, printable
from deployer.config import Settings, state_dir
from deployer.errors import ExitCode, UsageError
from deployer.registry.cloud import Cloud
from deployer.registry.deleting.delete import Deleted, number_of
from deployer.registry.deleting.delete import delete as delete_version
from deployer.registry.format.names import parse_reference
from deployer.registry.homes.home import join

__all__ = ["delete"]


@click.command()
@click.argument("reference", metavar="REF")
@click.option("--note", help="Why; kept with the number, and told to whoever asks for it.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@shared_options
@cloud_options
def delete(
    reference: str,
    *,
    note: str | None,
    yes: bool,
    clouds: list[Cloud],
    settings: Settings,
    output: Output,
) -> None:
    """Take the version REF back on every cloud.

    The newest version and one that an alias points at stay. The number is never given again. The
    content stays too, until `deployer gc` finds that nothing else needs it. Interrupted, or a
    cloud was down? Run the same command again: it finishes the work. Exits with 8 if you say no, with
    10 if a cloud is behind.

    \b
    Examples:
      deployer delete penguins:3 --note "trained on the wrong table"
      deployer delete penguins:3 --yes -o json
    """  # noqa: D301 - click wants the backspace itself
    parsed = parse_reference(reference)
    if not yes and not sys.stdin.isatty():
        raise UsageError("nobody is here to be asked", hint="add --yes")
    with audited(output, "delete", clouds=[cloud.name for cloud in clouds]) as act:
        act.model = parsed.name
        registry = join(
            clouds, home=settings.push.home, probes=state_dir() / "probes", found_new=False
        )
        number = number_of(registry.home, parsed)
        act.version = number
        if not yes and not _confirmed(f"{parsed.name}:{number}", clouds):
            act.detail = "cancelled"
            sys.exit(ExitCode.CANCELLED)
        deleted = delete_version(registry, parsed.name, number, note=note)
        act.digest = deleted.record.manifest
        if deleted.behind:
            act.detail = f"behind: {', '.join(deleted.behind)}"
    _report(deleted, output)
    if deleted.behind:
        for cloud, error in deleted.behind.items():
            output.warn(f"{cloud} is behind: {error}")
        output.warn("once it is back, run the same command again")
        sys.exit(ExitCode.PARTIAL)


def _confirmed(version: str, clouds: list[Cloud]) -> bool:
    names = ", ".join(cloud.name for cloud in clouds)
    try:
        return click.confirm(printable(f"Delete {version} on {names}?"), err=True)
    except click.Abort:
        return False


def _report(deleted: Deleted, output: Output) -> None:
    record = deleted.record
    if output.json:
        output.emit(
            {
                "model": record.model,
                "version": record.version,
                "manifest": f"sha256:{record.manifest}",
                "deleted": deleted.created,
                "at": record.at,
                "by": record.by,
                "note": record.note,
                "clouds": list(deleted.clouds),
                "behind": {name: str(error) for name, error in deleted.behind.items()},
            }
        )
        return
    what = f"{record.model}:{record.version}"
    names = ", ".join(deleted.clouds)
    if deleted.created:
        output.done(f"deleted {what} on {names}")
    else:
        output.done(f"{what} was deleted at {record.at} by {record.by}; gone on {names}")
