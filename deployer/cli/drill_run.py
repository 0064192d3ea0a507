"""``deployer drill run``."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from deployer.cli.durations import DURATION
from deployer.cli.options import shared_options
from deployer.cli.output import Output
from deployer.errors import UsageError

if TYPE_CHECKING:
    from datetime import timedelta

    from deployer.drills.scenario.model import Scenario

__all__ = ["run"]


@click.command()
@click.argument("names", metavar="[DRILL]…", nargs=-1)
@click.option(
    "--all", "every", is_flag=True, help="All that come with deployer, one after another."
)
@click.option(
    "--out",
    metavar="FOLDER",
    type=click.Path(path_type=Path),
    help="Where evidence and reports go. [drills/NAME-TIME]",
)
@click.option("--rto", type=DURATION, help="Objective: service is back within, such as 5s.")
@click.option("--rpo", type=click.IntRange(0), help="Objective: acknowledged publishes missing.")
@click.option("--max-failed", type=click.IntRange(0), help="Objective: requests without an answer.")
@click.option("--rate", type=click.FloatRange(1, 5000), help="Requests a second.")
@click.option("--clouds", metavar="A,B,…", help="Only these of the scenario's emulated clouds.")
@click.option("--proxy", type=click.Choice(["envoy", "haproxy"]), help="Which router.")
@click.option(
    "--model",
    metavar="FOLDER",
    type=click.Path(path_type=Path),
    help="Your own model directory, instead of a small one.",
)
@click.option(
    "--staging", is_flag=True, help="Against your own endpoints in [router]; nothing is changed."
)
@click.option(
    "--allow-writes",
    is_flag=True,
    help="With --staging: commands of the scenario may change things.",
)
@click.option("--operator", metavar="NAME", help="Who runs it, for the report. [this user]")
@shared_options
def run(
    names: tuple[str, ...],
    *,
    every: bool,
    out: Path | None,
    output: Output,
    **flags: Any,
) -> None:
    """Play drills: by name, by number, or a YAML file of your own.

    Emulated clouds, servers and a router are started on this machine; nothing of yours is touched.
    With --staging, faults happen in a proxy between a router on this machine and your endpoints.
    Ctrl-C ends a drill in order: what was broken is mended and every process is ended.

    Exit code 12 if an objective is missed, 1 if something else did not hold.

    \b
    Examples:
      deployer drill run bucket-gone
      deployer drill run 12 --rate 200 --rto 2s --max-failed 0
      deployer drill run my-scenario.yaml --model model/ -o json
      deployer drill run --all --out drills/
      deployer drill run green-but-broken half-open --staging
    """  # noqa: D301 - click wants the backspace itself
    from deployer.cli.drill_play import Session  # noqa: PLC0415 - not needed for --help
    from deployer.drills.scenario.load import builtin_files, find  # noqa: PLC0415 - as above

    if flags["allow_writes"] and not flags["staging"]:
        raise UsageError("--allow-writes needs --staging", hint="emulators may always be changed")
    if every == bool(names):
        raise UsageError("name a drill, or --all", hint="see: deployer drill list")
    listed = [str(path) for path in builtin_files()] if every else list(names)
    scenarios = [_aimed(find(name), flags) for name in listed]
    sys.exit(Session(output, out, flags).play(scenarios))


def _aimed(found: "tuple[Scenario, str]", flags: dict[str, Any]) -> "tuple[Scenario, str]":
    """Return the scenario with what the user asks for, and its YAML as it will be played."""
    import msgspec  # noqa: PLC0415 - beside its only use

    from deployer.drills.scenario.load import dump  # noqa: PLC0415 - not needed for --help

    scenario, text = found
    replace = msgspec.structs.replace
    rto: timedelta | None = flags["rto"]
    aims = {"rto": rto.total_seconds() if rto is not None else None,
            "rpo": flags["rpo"], "max_failed": flags["max_failed"]}  # fmt: skip
    wanted = {name: value for name, value in aims.items() if value is not None}
    if wanted:
        scenario = replace(scenario, objectives=replace(scenario.objectives, **wanted))
    if flags["rate"] is not None:
        scenario = replace(scenario, load=replace(scenario.load, rate=flags["rate"]))
    if flags["clouds"] is not None:
        scenario = _fewer(scenario, [each.strip() for each in flags["clouds"].split(",")])
    if flags["proxy"] is not None:
        scenario = replace(scenario, estate=replace(scenario.estate, proxy=flags["proxy"]))
    return scenario, text if scenario == found[0] else dump(scenario)


def _fewer(scenario: "Scenario", clouds: list[str]) -> "Scenario":
    """Return the scenario on some of its clouds only."""
    import msgspec  # noqa: PLC0415 - beside its only use

    from deployer.drills.scenario.load import check  # noqa: PLC0415 - not needed for --help

    kept = tuple(each for each in scenario.estate.clouds if each in clouds)
    if len(kept) != len(clouds):
        raise UsageError(
            f"--clouds {','.join(clouds)} is not possible",
            where=scenario.name,
            hint=f"its clouds are {', '.join(scenario.estate.clouds)}",
        )
    estate = msgspec.structs.replace(scenario.estate, clouds=kept)
    fewer = msgspec.structs.replace(scenario, estate=estate)
    check(fewer, scenario.name)
    return fewer
