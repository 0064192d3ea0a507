"""``deployer promote``."""

import click

from deployer.cli.audited import audited
from deployer.cli.clouds import cloud_options, required_number
from deployer.cli.moves import note_down, order_of, report
from deployer.cli.options import shared_options
from deployer.cli.output import Output
from deployer.cli.progress import CloudProgress
from deployer.config import Settings
from deployer.registry.aliasing.pointing import check_movable
from deployer.registry.cloud import Cloud
from deployer.registry.format.names import parse_reference
from deployer.releasing import CHAMPION, Checks
from deployer.releasing import promote as promote_version

__all__ = ["promote"]


@click.command()
@click.argument("reference", metavar="REF")
@click.option("--to", "alias", default=CHAMPION, show_default=True, help="The alias to move.")
@click.option("--deep", is_flag=True, help="Read and hash every byte on every cloud first.")
@click.option("--require", metavar="all|majority|N", help="How many clouds must have it. [all]")
@click.option("--note", help="Why; kept in the history.")
@shared_options
@cloud_options
def promote(
    reference: str,
    *,
    alias: str,
    deep: bool,
    require: str | None,
    note: str | None,
    clouds: list[Cloud],
    settings: Settings,
    output: Output,
) -> None:
    """Point an alias at the version REF on every cloud, once all of it is on every cloud.

    REF is what the home says it is. Sizes and recorded digests are compared on every cloud before
    anything moves; --deep reads every byte. A cloud that does not have all of it stops the act,
    unless --require lets fewer be enough; that cloud keeps what it has, and the exit code is 10.

    \b
    Examples:
      deployer promote penguins:4
      deployer promote penguins@canary --note "a week without complaints"
      deployer promote penguins:4 --to staging --deep -o json
    """  # noqa: D301 - click wants the backspace itself
    parsed = parse_reference(reference)
    check_movable(alias)
    required = required_number(settings.push.require if require is None else require, len(clouds))
    with audited(output, "promote", clouds=[cloud.name for cloud in clouds]) as act:
        act.model = parsed.name
        order = order_of(clouds, settings, note)
        with CloudProgress(output, "verified") as progress:
            moved = promote_version(order, Checks(required, deep, progress), parsed, alias)
        note_down(act, moved)
    record = moved.record
    verb = "→" if moved.moved else "already pointed at"
    message = f"{record.model}@{alias} {verb} {record.model}:{record.version} (move {record.seq})"
    report(moved, message, output)
