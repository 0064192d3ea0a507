"""``deployer router``."""

import signal
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, Literal

import click
import msgspec

from deployer.cli.golden import answers_for, golden_options
from deployer.cli.options import shared_options
from deployer.cli.output import Output
from deployer.cli.router_checks import print_checks, report_findings
from deployer.config import load, state_dir
from deployer.errors import ExitCode, PolicyError, UsageError

if TYPE_CHECKING:
    from deployer.routing.folder import Status
    from infra.router.model import Router

__all__ = ["router"]

Format = Literal["envoy", "haproxy", "dns"]
Provider = Literal["route53", "traffic-manager", "cloud-dns"]
KIND = click.Choice(["envoy", "haproxy"])


def folder_of(model: str) -> Path:
    """Return the default folder of a model's router."""
    return state_dir() / "router" / model


@click.group()
def router() -> None:
    """Put endpoints behind one address that fails over."""


@router.command()
@click.option(
    "--proxy",
    type=click.Choice(["envoy", "haproxy", "dns"]),
    default="envoy",
    show_default=True,
    help="What the configuration is for.",
)
@click.option(
    "--provider",
    type=click.Choice(["route53", "traffic-manager", "cloud-dns"]),
    help="Whose DNS records; needed with --proxy dns.",
)
@click.option(
    "--out",
    metavar="FILE|DIR/",
    type=str,
    help="Write there; a folder gets Envoy's files that may change while it runs.",
)
@click.option(
    "--canary",
    type=click.IntRange(0, 100),
    default=0,
    metavar="PERCENT",
    help="Requests for the canary endpoints. [0]",
)
@click.option("--no-check", is_flag=True, help="Ask no endpoint; believe that all are equal.")
@golden_options
@shared_options
def render(
    *,
    proxy: Format,
    provider: Provider | None,
    out: str | None,
    canary: int,
    no_check: bool,
    folders: tuple[Path, ...],
    clouds: str | None,
    emulators: bool,
    output: Output,
) -> None:
    """Write the configuration of a proxy, or DNS records, for the endpoints in [router].

    The endpoints are asked first: one that is not ready, serves another version than the primary,
    or answers the golden rows differently is left out. The golden rows come from the version's
    package, in the registry or in --model-dir. Findings of the lint go to stderr; with an error
    among them nothing is written, and the exit code is 5.

    \b
    Examples:
      deployer router render --model-dir model/
      deployer router render --proxy haproxy --out haproxy.cfg
      deployer router render --proxy dns --provider route53 --no-check
    """  # noqa: D301 - click wants the backspace itself
    from infra.router.errors import NoEndpointError  # noqa: PLC0415 - not needed for --help

    if (proxy == "dns") != (provider is not None):
        raise UsageError(
            "--proxy dns and --provider go together", hint="add --provider route53, or leave it"
        )
    wanted = _configured()
    if not no_check:
        wanted = _checked(wanted, folders, clouds, canary, emulators=emulators, output=output)
    try:
        report_findings(wanted, output)
        _write(_rendered(wanted, proxy, provider, out), out)
    except NoEndpointError as error:
        raise PolicyError(str(error), hint="see what is wrong: deployer router check") from error


def _configured() -> "Router":
    from deployer.routing.endpoints import router_of  # noqa: PLC0415 - not needed for --help

    return router_of(load().settings)


def _checked(
    wanted: "Router",
    folders: Sequence[Path],
    clouds: str | None,
    canary: int,
    *,
    emulators: bool,
    output: Output,
) -> "Router":
    """Return the router with what was seen of its endpoints."""
    from deployer.routing.acceptance import apply  # noqa: PLC0415 - not needed for --help
    from deployer.routing.checking import check_all, decision  # noqa: PLC0415 - as above
    from deployer.routing.shares import weighted  # noqa: PLC0415 - as above

    keep = folder_of(wanted.model) / "golden"
    answers = answers_for(
        wanted.model, folders, keep=keep, clouds=clouds, emulators=emulators, output=output
    )
    checked = check_all(wanted, answers, probes=0)
    for each in checked:
        if each.why:
            output.warn(f"{each.endpoint.name} is left out: {each.why}")
    accepted, split = decision(checked, canary)
    return weighted(apply(wanted, accepted, split), split.canary)


def _rendered(
    wanted: "Router", proxy: Format, provider: Provider | None, out: str | None
) -> str | Mapping[str, str]:
    from infra.router.dns import render_dns  # noqa: PLC0415 - not needed for --help
    from infra.router.envoy import render_envoy, render_envoy_files  # noqa: PLC0415 - as above
    from infra.router.haproxy import render_haproxy  # noqa: PLC0415 - as above

    if provider is not None:
        return render_dns(wanted, provider)
    if proxy == "haproxy":
        return render_haproxy(wanted)
    if out is not None and _is_folder(out):
        return render_envoy_files(wanted, str(Path(out).absolute()))
    return render_envoy(wanted)


def _is_folder(out: str) -> bool:
    return out.endswith("/") or Path(out).is_dir()


def _write(rendered: str | Mapping[str, str], out: str | None) -> None:
    if out is None:
        click.echo(rendered, nl=False)
    elif isinstance(rendered, str):
        if _is_folder(out):
            raise UsageError("a folder; this is one file", where=out, hint="name a file")
        _replace(Path(out), rendered)
    else:
        Path(out).mkdir(parents=True, exist_ok=True)
        for name, text in rendered.items():
            _replace(Path(out) / name, text)


def _replace(path: Path, text: str) -> None:
    temporary = path.with_name(f".{path.name}.new")
    temporary.write_text(text, "utf-8")
    temporary.replace(path)


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

    wanted = _configured()
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

    wanted = _configured()
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
