"""``deployer router render``."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from deployer.cli.golden import answers_for, golden_options
from deployer.cli.options import shared_options
from deployer.cli.output import Output
from deployer.cli.router_checks import report_findings
from deployer.config import load, state_dir
from deployer.errors import PolicyError, UsageError

if TYPE_CHECKING:
    from infra.router.model import Router

__all__ = ["configured", "folder_of", "render"]

Format = Literal["envoy", "haproxy", "dns"]
Provider = Literal["route53", "traffic-manager", "cloud-dns"]


def folder_of(model: str) -> Path:
    """Return the default folder of a model's router."""
    return state_dir() / "router" / model


def configured() -> "Router":
    """Return the router of the settings; UsageError if it is none."""
    from deployer.routing.endpoints import router_of  # noqa: PLC0415 - not needed for --help

    return router_of(load().settings)


@click.command()
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
    from infra.router.errors import (  # noqa: PLC0415 - not needed for --help
        NoEndpointError,
        RouterError,
    )

    if (proxy == "dns") != (provider is not None):
        raise UsageError(
            "--proxy dns and --provider go together", hint="add --provider route53, or leave it"
        )
    wanted = configured()
    if not no_check:
        wanted = _checked(wanted, folders, clouds, canary, emulators=emulators, output=output)
    try:
        report_findings(wanted, output)
        _write(_rendered(wanted, proxy, provider, out), out)
    except NoEndpointError as error:
        raise PolicyError(str(error), hint="see what is wrong: deployer router check") from error
    except RouterError as error:
        raise UsageError(
            str(error), where="[router]", hint="mend it there, or render for another --proxy"
        ) from error


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
    from deployer.routing.trust import check_trust  # noqa: PLC0415 - as above

    check_trust(wanted)

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
