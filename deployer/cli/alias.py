"""``deployer alias``."""

from datetime import timedelta

import click

from deployer.cli.audited import audited
from deployer.cli.clouds import cloud_options
from deployer.cli.durations import DURATION
from deployer.cli.forcing import force_options, forced_reason
from deployer.cli.moves import note_down, order_of, report
from deployer.cli.options import shared_options
from deployer.cli.output import Output
from deployer.config import Settings
from deployer.gate.verdict import to_document, unjudged
from deployer.registry.aliasing.pointing import check_movable, point, remove
from deployer.registry.cloud import Cloud
from deployer.registry.format.names import check_name, parse_reference
from deployer.registry.viewing.inventory import aliases_of, version_numbers
from deployer.registry.who import now, stamp

__all__ = ["alias"]


@click.group()
def alias() -> None:
    """Point a name such as champion at a version.

    \b
    Examples:
      deployer alias list penguins
      deployer alias set penguins canary 4 --expires 30d
    """  # noqa: D301 - click wants the backspace itself


@alias.command("set")
@click.argument("name", metavar="NAME")
@click.argument("alias_name", metavar="ALIAS")
@click.argument("version", metavar="VERSION")
@click.option("--expires", type=DURATION, metavar="30d", help="Not to be believed after this time.")
@click.option("--note", help="Why; kept in the history.")
@force_options
@shared_options
@cloud_options
def set_(
    name: str,
    alias_name: str,
    version: str,
    *,
    expires: timedelta | None,
    note: str | None,
    force: bool,
    reason: str | None,
    clouds: list[Cloud],
    settings: Settings,
    output: Output,
) -> None:
    """Point ALIAS of the model NAME at VERSION, a number or another alias, on every cloud.

    With --expires, readers refuse the alias after that time unless it is set again: nobody can
    hold an old one back for longer.

    An alias that the gate guards goes to another version by `deployer promote`; --force passes
    the gate by.

    \b
    Examples:
      deployer alias set penguins champion 3
      deployer alias set penguins champion latest --note "passed review"
      deployer alias set penguins canary 4 --expires 30d
    """  # noqa: D301 - click wants the backspace itself
    check_name(name)
    check_movable(alias_name)
    separator = ":" if version.isdigit() else "@"
    reference = parse_reference(f"{name}{separator}{version}")
    until = stamp(now(), expires) if expires else None
    forced = forced_reason(settings, name, alias_name, force=force, reason=reason)
    verdict = to_document(unjudged(forced)) if forced else None
    with audited(output, "alias set", clouds=[cloud.name for cloud in clouds]) as act:
        act.model = name
        order = order_of(clouds, settings, note)
        moved = point(order, name, alias_name, reference, expires=until, verdict=verdict)
        note_down(act, moved, forced=forced if moved.record.verdict == verdict else None)
    record = moved.record
    verb = "→" if moved.moved else "already pointed at"
    message = f"{name}@{alias_name} {verb} {name}:{record.version} (move {record.seq})"
    report(moved, message, output, expires=record.expires)


@alias.command("list")
@click.argument("name", metavar="NAME")
@shared_options
@cloud_options
def list_(name: str, *, clouds: list[Cloud], settings: Settings, output: Output) -> None:
    """List the aliases of the model NAME, as the first of the clouds has them.

    \b
    Examples:
      deployer alias list penguins
      deployer alias list penguins -o json | jq -r '.[].alias'
    """  # noqa: D301 - click wants the backspace itself
    records = aliases_of(clouds[0], check_name(name))
    if not records:
        version_numbers(clouds[0], name)  # else there is no such model
    if output.json:
        output.emit(
            [
                {
                    "alias": record.alias,
                    "version": record.version,
                    "manifest": f"sha256:{record.manifest}",
                    "seq": record.seq,
                    "at": record.at,
                    "by": record.by,
                    "expires": record.expires,
                    "note": record.note,
                    "signed": record.sig is not None,
                }
                for record in records
            ]
        )
        return
    rows = [
        [
            record.alias,
            record.version,
            record.at,
            record.by,
            record.expires or "",
            record.note or "",
        ]
        for record in records
    ]
    output.table(["alias", "version", "since", "by", "expires", "note"], rows)


@alias.command("rm")
@click.argument("name", metavar="NAME")
@click.argument("alias_name", metavar="ALIAS")
@click.option("--note", help="Why; kept in the history.")
@shared_options
@cloud_options
def rm(
    name: str,
    alias_name: str,
    *,
    note: str | None,
    clouds: list[Cloud],
    settings: Settings,
    output: Output,
) -> None:
    """Take ALIAS of the model NAME away, on every cloud.

    Its history stays, and setting it again continues that. The versions stay as they are.

    \b
    Examples:
      deployer alias rm penguins canary
      deployer alias rm penguins canary --note "the trial is over"
    """  # noqa: D301 - click wants the backspace itself
    check_name(name)
    check_movable(alias_name)
    with audited(output, "alias rm", clouds=[cloud.name for cloud in clouds]) as act:
        act.model = name
        moved = remove(order_of(clouds, settings, note), name, alias_name)
        note_down(act, moved)
    record = moved.record
    verb = "removed" if moved.moved else "had been removed already:"
    message = f"{verb} {name}@{alias_name}, last {name}:{record.version} (move {record.seq})"
    report(moved, message, output, removed=True)
