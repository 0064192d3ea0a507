"""``deployer router``."""

import os
import signal
import sys
import threading
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, Literal

import click
import msgspec

from deployer.cli.golden import answers_for, golden_options
from deployer.cli.options import shared_options
from deployer.cli.output import Output
from deployer.cli.router_checks import print_checks
from deployer.cli.router_render import configured, folder_of, render
from deployer.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from deployer.routing.folder import Status

__all__ = ["router"]

KIND = click.Choice(["envoy", "haproxy"])


@click.group()
def router() -> None:
    """Put endpoints behind one address that fails over.

    \b
    Examples:
      deployer router check
      deployer router run --proxy haproxy
    """  # noqa: D301 - click wants the backspace itself


router.add_command(render)


@router.command()
@click.option(
    "--config",
    "configuration",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Only lint this configuration of Envoy (JSON) or HAProxy, whoever wrote it.",
)
@click.option(
    "--probes",
    type=click.IntRange(0, 1000),
    default=20,
    show_default=True,
    help="Predictions of one row per endpoint, to measure how long they take.",
)
@golden_options
@shared_options
def check(
    *,
    configuration: Path | None,
    probes: int,
    folders: tuple[Path, ...],
    clouds: str | None,
    emulators: bool,
    output: Output,
) -> None:
    """Ask every endpoint in [router] whether it may get requests, and lint the router.

    Shown are readiness, the version's digest, whether the golden rows of the version's own package
    are answered as promised, and how long one row takes. DEPLOYER_API_KEY is sent if it is set.
    Exit code 5 if an endpoint must not get requests or the lint finds an error, 4 if an endpoint
    cannot be reached.

    \b
    Examples:
      deployer router check
      deployer router check --model-dir model/ -o json
      deployer router check --config /etc/haproxy/haproxy.cfg
    """  # noqa: D301 - click wants the backspace itself
    if configuration is not None:
        _lint_file(configuration, output)
        return
    from deployer.routing.checking import check_all  # noqa: PLC0415 - not needed for --help
    from deployer.routing.trust import check_trust  # noqa: PLC0415 - as above

    wanted = configured()
    check_trust(wanted)
    keep = folder_of(wanted.model) / "golden"
    answers = answers_for(
        wanted.model, folders, keep=keep, clouds=clouds, emulators=emulators, output=output
    )
    checked = check_all(wanted, answers, probes=probes)
    sys.exit(print_checks(wanted, checked, output))


def _lint_file(path: Path, output: Output) -> None:
    from deployer.cli.router_checks import print_findings  # noqa: PLC0415 - draws tables
    from infra.router.lint import lint_envoy, lint_haproxy  # noqa: PLC0415 - not for --help

    try:
        text = path.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise UsageError("not a text file", where=str(path), hint="name a configuration") from error
    lint = lint_envoy if text.lstrip().startswith("{") else lint_haproxy
    findings = lint(text)
    print_findings(findings, output)
    if any(each.severity == "error" for each in findings):
        sys.exit(ExitCode.POLICY)


@router.command()
@click.option("--proxy", type=KIND, default="envoy", show_default=True, help="Which proxy.")
@click.option("--port", type=click.IntRange(0, 65535), help="Listen there; 0 is any. [router port]")
@click.option(
    "--dir",
    "folder",
    metavar="FOLDER",
    type=click.Path(path_type=Path),
    help="Configuration, status and log. [in the user's state folder]",
)
@golden_options
@shared_options
def run(
    *,
    proxy: Literal["envoy", "haproxy"],
    port: int | None,
    folder: Path | None,
    folders: tuple[Path, ...],
    clouds: str | None,
    emulators: bool,
    output: Output,
) -> None:
    """Run a proxy in front of the endpoints in [router], and keep its configuration right.

    Every second the endpoints' readiness and digest are looked at, and every 30 seconds or when a
    digest changes their golden answers. One that differs from the primary gets no requests, and
    answers of a version that is not accepted are never passed on. Failing over is the proxy's own
    work: it goes on if this command is killed, and the next `router run` takes that proxy over.
    SIGTERM and Ctrl-C end both, after the requests under way.

    \b
    Examples:
      deployer router run --model-dir model/
      deployer router run --proxy haproxy --port 8000 -o json
    """  # noqa: D301 - click wants the backspace itself
    from deployer.routing.folder import RouterFolder  # noqa: PLC0415 - not needed for --help
    from deployer.routing.proxies import proxy_named  # noqa: PLC0415 - as above
    from deployer.routing.running import Controller, Voice  # noqa: PLC0415 - as above
    from deployer.routing.trust import trusting  # noqa: PLC0415 - as above

    wanted = trusting(configured(), os.environ)
    if port is not None:
        wanted = replace(wanted, port=port)
    place = RouterFolder((folder or folder_of(wanted.model)).absolute())
    place.create()
    answers = answers_for(
        wanted.model, folders, keep=place.golden, clouds=clouds, emulators=emulators, output=output
    )
    stop = _on_signals()
    with place.only_one():
        controller = Controller(
            wanted, proxy_named(proxy, place), place, answers, Voice(output.say, output.warn)
        )
        controller.run(stop, _announce(place.path, output))


def _announce(folder: Path, output: Output) -> "Callable[[Status], None]":
    def ready(status: "Status") -> None:
        if output.json:
            line: dict[str, Any] = {
                "ready": True,
                "pid": status.pid,
                "url": status.url,
                "admin": status.admin,
                "folder": str(folder),
                "controller": status.controller,
            }
            click.echo(msgspec.json.encode(line).decode())
        else:
            output.done(f"{status.proxy} answers on {status.url}; see {folder}")
        sys.stdout.flush()

    return ready


def _on_signals() -> threading.Event:
    stop = threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    return stop
