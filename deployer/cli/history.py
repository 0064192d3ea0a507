"""``deployer history``."""

import sys
from typing import Any

import click

from deployer.cli.clouds import cloud_options
from deployer.cli.options import shared_options
from deployer.cli.output import Output
from deployer.cli.verdicts import summary_of
from deployer.config import Settings
from deployer.errors import ExitCode, UsageError
from deployer.registry.aliasing.history import Entry
from deployer.registry.aliasing.history import history as history_of
from deployer.registry.cloud import Cloud
from deployer.registry.format.names import check_alias, check_name
from deployer.registry.format.records import Deletion
from deployer.registry.viewing.inventory import home_first

__all__ = ["history"]


@click.command()
@click.argument("name", metavar="NAME[@ALIAS]")
@click.option(
    "--limit", default=20, show_default=True, type=click.IntRange(1, 10_000), help="Acts."
)
@shared_options
@cloud_options
def history(
    name: str, *, limit: int, clouds: list[Cloud], settings: Settings, output: Output
) -> None:
    """Show who moved which alias, when and why; the newest first.

    Without ALIAS it is all aliases, and the versions that were deleted. The home is asked, and
    if it does not answer, another cloud. Every entry is verified against the one before it: what
    does not fit is shown, and the exit code is 11. The gate's verdict is that of each move, or,
    behind a rollback, the one with which the version was promoted.

    \b
    Examples:
      deployer history penguins
      deployer history penguins@champion --limit 5
      deployer history penguins -o json | jq -r '.[] | select(.by | test("ana")) | .at'
    """  # noqa: D301 - click wants the backspace itself
    model, at, alias = name.partition("@")
    if ":" in name:
        raise UsageError(
            f"{name!r} names a version; histories are of aliases",
            hint=f"write: deployer history {model.partition(':')[0]}",
        )
    check_name(model)
    answering, is_home, failed = home_first(clouds)
    cloud = answering[0]
    events, problems = history_of(cloud, model, check_alias(alias) if at else None, limit)
    for other, error in failed.items():
        output.warn(f"{other} could not be asked: {error}")
    if not is_home:
        output.warn(f"this is the copy of {cloud.name}: the home was not asked")
    if output.json:
        output.emit([_document(model, event) for event in events])
    else:
        columns = ["at", "alias", "move", "from", "to", "by", "gate", "note"]
        output.table(columns, [_row(event) for event in events])
    for problem in problems:
        output.warn(f"{cloud.name}: {problem}")
    if problems:
        sys.exit(ExitCode.INTEGRITY)


def _document(model: str, event: Entry | Deletion) -> dict[str, Any]:
    if isinstance(event, Deletion):
        return {
            "event": "deleted",
            "model": model,
            "version": event.version,
            "manifest": f"sha256:{event.manifest}",
            "at": event.at,
            "by": event.by,
            "note": event.note,
        }
    record = event.record
    document: dict[str, Any] = {
        "event": "removed" if record and record.removed else "moved",
        "model": model,
        "alias": event.alias,
        "seq": event.seq,
        "from": event.before,
        "to": None,
        "problem": event.problem or None,
    }
    if record is not None:
        document |= {
            "to": None if record.removed else record.version,
            "manifest": f"sha256:{record.manifest}",
            "at": record.at,
            "by": record.by,
            "note": record.note,
            "expires": record.expires,
            "epoch": record.epoch,
            "signed": record.sig is not None,
            "gate": record.verdict,
        }
    return document


def _row(event: Entry | Deletion) -> list[object]:
    if isinstance(event, Deletion):
        return [event.at, "", "", event.version, "deleted", event.by, "", event.note or ""]
    record = event.record
    came_from = "" if event.before is None else event.before
    if record is None:
        return ["", event.alias, event.seq, came_from, "?", "", "", event.problem]
    says = [record.note or "", "signed" if record.sig else "", event.problem]
    says.insert(1, f"expires {record.expires}" if record.expires else "")
    says.insert(1, f"epoch {record.epoch}" if record.epoch > 1 else "")
    return [
        record.at,
        event.alias,
        event.seq,
        came_from,
        "removed" if record.removed else record.version,
        record.by,
        summary_of(record.verdict),
        "; ".join(filter(None, says)),
    ]
