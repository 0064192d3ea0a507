"""``deployer gc``."""

import sys
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from datetime import timedelta

import click

from deployer.cli.audited import Act, audited
from deployer.cli.clouds import cloud_options
from deployer.cli.durations import DURATION
from deployer.cli.options import shared_options
from deployer.cli.output import Output, human_bytes
from deployer.config import Settings
from deployer.errors import DamagedError, DeployerError, ExitCode, UsageError, from_store_error
from deployer.registry.cloud import Cloud, everywhere
from deployer.registry.who import stamp
from deployer.upkeep.garbage.collect import Amount, Collected, Collection, collect
from providers.errors import StoreError

__all__ = ["gc"]

SHORTEST = timedelta(hours=1)


@click.command()
@click.option("--dry-run", is_flag=True, help="Say what would be done; write nothing.")
@click.option(
    "--grace",
    type=DURATION,
    default="7d",
    show_default=True,
    help="Remove only what was found unreachable that long ago; at least 1h.",
)
@shared_options
@cloud_options
def gc(
    *,
    dry_run: bool,
    grace: timedelta,
    clouds: list[Cloud],
    settings: Settings,
    output: Output,
) -> None:
    """Remove what no version, alias or unfinished publish needs.

    The first run marks and removes nothing. A run after the grace removes what was marked and is
    still not needed; publishers wait a moment meanwhile. What a version, an alias, its history or
    a publish of the last week refers to is kept. Run it now and then, such as once a week.

    Exits with 10 if a cloud could not be looked after, with 11 if what was to be read is damaged.

    \b
    Examples:
      deployer gc --dry-run
      deployer gc
      deployer gc --grace 30d --clouds aws -o json
    """  # noqa: D301 - click wants the backspace itself
    if grace < SHORTEST:
        raise UsageError(
            "--grace is shorter than an hour",
            hint="a reader may still be at what was just deleted: write 1h or more",
        )
    how = Collection(grace=grace, dry_run=dry_run)
    names = [cloud.name for cloud in clouds]
    with nullcontext(Act("gc")) if dry_run else audited(output, "gc", clouds=names) as act:
        done, failed = everywhere(clouds, lambda cloud: collect(cloud, how))
        act.detail = _summary(done, failed)
        if not done:
            raise max(failed.values(), key=_is_damage)
    if output.json:
        output.emit(_document(done, failed, dry_run=dry_run))
    else:
        _print(clouds, done, failed, output, dry_run=dry_run)
    for name, error in failed.items():
        output.warn(f"{name}: {error}")
    if failed:
        damaged = any(_is_damage(error) for error in failed.values())
        sys.exit(ExitCode.INTEGRITY if damaged else ExitCode.PARTIAL)


def _is_damage(error: StoreError | DeployerError) -> bool:
    seen = from_store_error(error) if isinstance(error, StoreError) else error
    return isinstance(seen, DamagedError)


def _summary(
    done: Mapping[str, Collected], failed: Mapping[str, StoreError | DeployerError]
) -> str:
    said = [
        f"{name}: marked {each.marked.objects}, removed {each.removed.objects}"
        for name, each in done.items()
    ]
    return "; ".join([*said, *(f"{name}: failed" for name in failed)])


def _document(
    done: Mapping[str, Collected],
    failed: Mapping[str, StoreError | DeployerError],
    *,
    dry_run: bool,
) -> dict[str, object]:
    return {
        "dry_run": dry_run,
        "clouds": {
            name: {
                "versions": each.versions,
                "marked": _amount(each.marked),
                "waiting": _amount(each.waiting),
                "removed": _amount(each.removed),
                "next": stamp(each.next) if each.next else None,
            }
            for name, each in done.items()
        },
        "failed": {name: str(error) for name, error in failed.items()},
    }


def _amount(amount: Amount) -> dict[str, int]:
    return {"objects": amount.objects, "bytes": amount.size}


def _print(
    clouds: Sequence[Cloud],
    done: Mapping[str, Collected],
    failed: Mapping[str, StoreError | DeployerError],
    output: Output,
    *,
    dry_run: bool,
) -> None:
    rows: list[list[object]] = []
    for cloud in clouds:
        if cloud.name in failed:
            rows.append([cloud.name, "", "failed", "", "", ""])
            continue
        each = done[cloud.name]
        amounts = [_said(amount) for amount in (each.marked, each.waiting, each.removed)]
        rows.append([cloud.name, each.versions, *amounts, stamp(each.next) if each.next else ""])
    would = "would be " if dry_run else ""
    columns = ["cloud", "versions", f"{would}marked", "waiting", f"{would}removed", "next from"]
    output.table(columns, rows)
    nexts = [each.next for each in done.values() if each.next]
    if nexts:
        output.say(f"what is marked may be removed by a run from {stamp(min(nexts))} on")


def _said(amount: Amount) -> str:
    return f"{amount.objects} objects, {human_bytes(amount.size)}" if amount.objects else "-"
