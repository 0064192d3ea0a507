"""``deployer audit``."""

import re
from collections import deque
from datetime import UTC, datetime, timedelta

import click
import msgspec

from deployer.audit import FILE, Entry, read
from deployer.cli.options import shared_options
from deployer.cli.output import Output
from deployer.config import state_dir
from deployer.errors import UsageError
from deployer.registry.who import now, stamp

__all__ = ["audit"]

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_SPAN = re.compile(r"([0-9]{1,4})([smhdw])\Z")


@click.command()
@click.option("--since", metavar="7d|12h|DATE", help="Only acts from there on, such as 2026-11-22.")
@click.option("--act", metavar="NAME", help="Only this command's, such as push.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1), help="Acts.")
@shared_options
def audit(*, since: str | None, act: str | None, limit: int, output: Output) -> None:
    """Show who did what from this machine; the newest last.

    Every act that changes a registry, or was refused, is in the log audit.jsonl in the folder of
    states. The log is of this machine and this user alone: what others did is in the registry's
    own records.

    \b
    Examples:
      deployer audit
      deployer audit --since 7d --act push
      deployer audit -o json | jq -r '.[] | select(.outcome == "refused").detail'
    """  # noqa: D301 - click wants the backspace itself
    path = state_dir() / FILE
    start = stamp(_moment(since, now())) if since else ""
    damaged: list[int] = []
    shown: deque[Entry] = deque(maxlen=limit)
    older = 0
    for entry in read(path, damaged=damaged.append):
        # Times are of one form, which sorts as text.
        if entry.at >= start and act in (None, entry.act):
            older += len(shown) == limit
            shown.append(entry)
    if damaged:
        output.warn(f"{path}: {len(damaged)} lines are no records, the first is line {damaged[0]}")
    if output.json:
        output.emit([msgspec.to_builtins(entry) for entry in shown])
        return
    if not shown:
        output.say(f"nothing of that kind is in {path}")
        return
    output.table(["at", "by", "act", "outcome", "what", "clouds", "detail"], map(_row, shown))
    if older:
        output.say(f"{older} older ones; see them with --limit {older + len(shown)}")


def _row(entry: Entry) -> list[str]:
    version = f":{entry.version}" if entry.version else ""
    what = f"{entry.model}{version}" if entry.model else ""
    clouds = ", ".join(entry.clouds)
    return [entry.at, entry.by, entry.act, entry.outcome, what, clouds, entry.detail]


def _moment(text: str, at: datetime) -> datetime:
    """Return the time that ``--since`` names: that long before `at`, or a date.

    Raises:
        UsageError: it is neither.

    """
    span = _SPAN.match(text)
    try:
        if span:
            return at - timedelta(**{_UNITS[span[2]]: int(span[1])})
        found = datetime.fromisoformat(text)
        return found if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError) as error:
        raise UsageError(
            f"--since {text!r} is neither a span nor a date",
            hint="write 30m, 12h, 7d, 2w or 2026-11-22",
        ) from error
