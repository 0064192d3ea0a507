"""``deployer rollback``."""

import click

from deployer.cli.audited import audited
from deployer.cli.clouds import cloud_options, required_number
from deployer.cli.moves import note_down, order_of, report
from deployer.cli.options import shared_options
from deployer.cli.output import Output
from deployer.cli.progress import CloudProgress
from deployer.config import Settings
from deployer.errors import UsageError
from deployer.registry.aliasing.pointing import check_movable
from deployer.registry.cloud import Cloud
from deployer.registry.format.names import MAX_VERSION, check_name
from deployer.releasing import CHAMPION, Checks
from deployer.releasing import rollback as roll_back

__all__ = ["rollback"]


@click.command()
@click.argument("name", metavar=f"NAME[@{CHAMPION}]")
@click.option(
    "--to",
    type=click.IntRange(1, MAX_VERSION),
    metavar="N",
    help="To this version. [the one before]",
)
@click.option("--quick", is_flag=True, help="Compare sizes; do not read the version's bytes.")
@click.option(
    "--require", metavar="all|majority|N", help="How many clouds must have it. [push require: all]"
)
@click.option("--note", help="Why; kept in the history.")
@shared_options
@cloud_options
def rollback(
    name: str,
    *,
    to: int | None,
    quick: bool,
    require: str | None,
    note: str | None,
    clouds: list[Cloud],
    settings: Settings,
    output: Output,
) -> None:
    """Point an alias back at the version before, on every cloud as one act.

    Every byte of that version is read and hashed on every cloud first; --quick compares sizes and
    recorded digests. Going back again goes back further: after 1, 2, 3 it is 2, then 1. A cloud
    that is down or does not have it all stops the act, unless --require lets fewer be enough.

    Interrupted? Run the same command again on this machine: it finishes that rollback. Exits with 10
    if a cloud is behind.

    \b
    Examples:
      deployer rollback penguins
      deployer rollback penguins@staging --to 2 --note "wrong units"
      deployer rollback penguins --quick --require majority -o json
    """  # noqa: D301 - click wants the backspace itself
    model, at, alias = name.partition("@")
    if ":" in name:
        raise UsageError(
            f"{name!r} names a version, not an alias",
            hint=f"say where to go back to: deployer rollback {model.partition(':')[0]} --to N",
        )
    check_name(model)
    if at:
        check_movable(alias)
    required = required_number(settings.push.require if require is None else require, len(clouds))
    with audited(output, "rollback", clouds=[cloud.name for cloud in clouds]) as act:
        act.model = model
        order = order_of(clouds, settings, note)
        with CloudProgress(output, "verified") as progress:
            checks = Checks(required, not quick, progress)
            moved = roll_back(order, checks, model, alias if at else None, to=to)
        note_down(act, moved)
    record = moved.record
    name = f"{model}@{record.alias}"
    message = f"{name} already pointed at {model}:{record.version} (move {record.seq})"
    if moved.moved:
        message = f"{name} → {model}:{record.version}, back from {moved.before} (move {record.seq})"
    if moved.resumed:
        message += "; this finished a rollback that was interrupted"
    report(moved, message, output, resumed=moved.resumed)
