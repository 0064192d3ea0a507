"""``deployer rollout``."""

import re
import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from deployer.cli.audited import audited
from deployer.cli.clouds import cloud_options
from deployer.cli.durations import DURATION
from deployer.cli.options import shared_options
from deployer.cli.output import Output
from deployer.cli.rollout_acts import CANARY, RegistryActs
from deployer.cli.router_render import folder_of
from deployer.config import Settings
from deployer.errors import ExitCode, UsageError
from deployer.registry.cloud import Cloud
from deployer.registry.format.names import LATEST, parse_reference

if TYPE_CHECKING:
    from deployer.packaging.documents import Golden
    from deployer.routing.canary.pairs import Rows
    from deployer.routing.canary.stages import Rollout, StepReport

__all__ = ["rollout"]

MILLISECONDS = 1000


class _Steps(click.ParamType):  # type: ignore[type-arg] # older releases have no type arguments
    """Whole per cents, separated by commas."""

    name = "steps"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, ...]:
        """Return the numbers."""
        if isinstance(value, tuple):
            return value
        try:
            return tuple(int(part) for part in str(value).split(","))
        except ValueError:
            self.fail(f"'{value}' are no steps; write 5,25,100.", param, ctx)


class _Latency(click.ParamType):  # type: ignore[type-arg] # as above
    """A short time, such as 50ms or 1.5s, in seconds."""

    name = "latency"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return the seconds."""
        found = re.fullmatch(r"([0-9]{1,6}(?:\.[0-9]{1,6})?)(ms|s)", str(value).strip())
        if found is None or not float(found[1]):
            self.fail(f"'{value}' is no latency; write 50ms or 1.5s.", param, ctx)
        return float(found[1]) / (MILLISECONDS if found[2] == "ms" else 1)


@click.command()
@click.argument("reference", metavar="NAME@ALIAS")
@click.option("--to", "version", type=click.IntRange(1), required=True, help="The new version.")
@click.option(
    "--steps",
    type=_Steps(),
    default="5,25,100",
    show_default=True,
    help="Per cent of the requests, one after the other; the last is 100.",
)
@click.option(
    "--interval", type=DURATION, default="60s", show_default=True, help="To watch each step."
)
@click.option(
    "--max-error-rate",
    type=click.FloatRange(0, 1),
    default=0.01,
    show_default=True,
    help="Share of its requests that may fail.",
)
@click.option(
    "--max-latency-ratio",
    type=click.FloatRange(0, min_open=True),
    default=1.5,
    show_default=True,
    help="Its latency over the stable version's, at the median and at p95.",
)
@click.option("--max-p99", metavar="50ms", type=_Latency(), help="Of its latency.")
@click.option(
    "--max-disagreement",
    type=click.FloatRange(0, 1),
    default=0.02,
    show_default=True,
    help="Share of the rows that may get another label.",
)
@click.option(
    "--data",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Rows to ask both versions; default are the golden rows, which are few.",
)
@click.option(
    "--dir",
    "folder",
    metavar="FOLDER",
    type=click.Path(path_type=Path),
    help="Of the router that runs. [in the user's state folder]",
)
@click.option("--note", help="Why; kept in the history.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@shared_options
@cloud_options
def rollout(
    reference: str,
    *,
    version: int,
    steps: tuple[int, ...],
    interval: timedelta,
    max_error_rate: float,
    max_latency_ratio: float,
    max_p99: float | None,
    max_disagreement: float,
    data: Path | None,
    folder: Path | None,
    note: str | None,
    yes: bool,
    clouds: list[Cloud],
    settings: Settings,
    output: Output,
) -> None:
    """Give a version more and more of the requests, and take them back if it does badly.

    `deployer router run` must run, with endpoints that say canary = true and serve NAME@canary.
    That alias goes to the new version first; then, step by step, its endpoints get their share.
    Errors are counted by the proxy and by probes; latencies and labels are compared on the same
    rows, sent to both versions. If a bound is crossed, beyond what chance explains (99.7 %), or is
    not shown to be kept after three intervals, the weights go back, then the alias, and the exit
    code is 5. After the last step NAME@ALIAS is promoted through the gate, and the stable
    endpoints take over.

    Ctrl-C takes the weights back; the same command goes on where it stopped.

    \b
    Examples:
      deployer rollout penguins@champion --to 4
      deployer rollout penguins@champion --to 4 --steps 10,50,100 --interval 10m
      deployer rollout penguins@champion --to 4 --data recent.csv --max-p99 50ms --yes
    """  # noqa: D301 - click wants the backspace itself
    from deployer.routing.canary.conduct import (  # noqa: PLC0415 - not needed for --help
        Conductor,
        Pace,
        begin_or_resume,
        require_router,
    )
    from deployer.routing.canary.judging import Limits  # noqa: PLC0415 - as above
    from deployer.routing.canary.stages import Rollout, check_steps  # noqa: PLC0415 - as above
    from deployer.routing.folder import RouterFolder  # noqa: PLC0415 - as above

    parsed = parse_reference(reference)
    alias = parsed.alias or LATEST
    if alias in {LATEST, CANARY}:
        raise UsageError(
            f"{reference} names no alias that stable endpoints follow",
            hint=f"write {parsed.name}@champion",
        )
    place = RouterFolder((folder or folder_of(parsed.name)).absolute())
    wanted = Rollout(model=parsed.name, alias=alias, to=version, steps=check_steps(steps))
    state, resumed = begin_or_resume(place, wanted)
    if resumed:
        output.say(f"going on where it stopped: {state.phase}")
    if not yes and not _confirmed(wanted):
        sys.exit(ExitCode.CANCELLED)
    require_router(place)
    limits = Limits(
        error_rate=max_error_rate,
        latency_ratio=max_latency_ratio,
        p99=max_p99,
        disagreement=max_disagreement,
    )
    with audited(output, "rollout", clouds=[cloud.name for cloud in clouds]) as act:
        act.model, act.version = parsed.name, version
        acts = RegistryActs(parsed.name, alias, clouds, settings, note, output)
        conductor = Conductor(
            state,
            place,
            acts,
            limits,
            Pace(interval=interval.total_seconds()),
            lambda digest: _rows(data, parsed.name, digest, place, clouds, settings),
            output.say,
        )
        with place.only_one("rollout.lock", "a rollout runs here already"):
            end = conductor.run()
        act.digest = end.digest or None
        act.detail = f"{end.phase}{': ' if end.reason else ''}{end.reason}"
        _print(end, output)
        if end.phase == "returned":
            sys.exit(ExitCode.POLICY)


def _confirmed(wanted: "Rollout") -> bool:
    if not sys.stdin.isatty():
        raise UsageError("nobody is here to be asked", hint="add --yes")
    steps = ", ".join(f"{step} %" for step in wanted.steps)
    question = f"Give {wanted.model}:{wanted.to} {steps} of the requests of @{wanted.alias}?"
    try:
        return click.confirm(question, err=True)
    except click.Abort:
        return False


def _rows(
    data: Path | None,
    model: str,
    digest: str,
    place: Any,
    clouds: list[Cloud],
    settings: Settings,
) -> "Rows":
    """Return the rows to ask both versions."""
    from deployer.cli.golden import fetched  # noqa: PLC0415 - not needed for --help
    from deployer.routing.answers import Answers  # noqa: PLC0415 - as above
    from deployer.routing.canary.pairs import MOST_ROWS, Rows  # noqa: PLC0415 - as above
    from deployer.tables.read import read_table  # noqa: PLC0415 - as above

    if data is not None:
        return Rows(read_table(data, sample=MOST_ROWS))

    def fetch(wanted: str) -> "Golden":
        return fetched(model, wanted, clouds, settings)

    known = Answers((), keep=place.golden, fetch=fetch).find(digest)
    if known.golden is None:
        raise UsageError(
            f"the golden rows cannot be had: {known.problem or 'every store is away'}",
            hint="name rows with --data",
        )
    return Rows([dict(row.inputs) for row in known.golden.rows])


def _print(end: "Rollout", output: Output) -> None:
    if output.json:
        output.emit(msgspec.to_builtins(end))
        return
    columns = ["share", "requests", "failed", "p50 ms", "p99 ms", "stable p50", "stable p99"]
    output.table([*columns, "rows", "different", "verdict"], [_row(each) for each in end.reports])
    name = f"{end.model}:{end.to}"
    if end.phase == "done":
        output.done(f"{end.model}@{end.alias} → {name}, and every endpoint serves it")
    else:
        output.warn(f"{name} was taken back: {end.reason}")


def _row(each: "StepReport") -> list[object]:
    times = (each.p50, each.p99, each.stable_p50, each.stable_p99)
    shown = ["" if value is None else f"{value * MILLISECONDS:.1f}" for value in times]
    return [
        f"{each.share} %",
        each.requests,
        each.failed,
        *shown,
        each.rows,
        each.different,
        each.verdict,
    ]
