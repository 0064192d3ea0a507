"""``deployer outputs``."""

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import click

from deployer.cli.options import shared_options
from deployer.cli.output import Output
from deployer.cli.stacks_options import engine_for, named_targets, stack_options
from deployer.cli.stacks_print import end, failures_of, print_outputs
from deployer.config import Settings
from deployer.errors import DeployerError, MissingError

if TYPE_CHECKING:
    from infra.router.model import Router

__all__ = ["outputs"]

Form = Literal["toml", "envoy", "haproxy"]


@click.command()
@click.option(
    "--router",
    "form",
    type=click.Choice(["toml", "envoy", "haproxy"]),
    is_flag=False,
    flag_value="toml",
    help="Print a router in front of the endpoints: settings, or a proxy's configuration. [toml]",
)
@shared_options
@stack_options
def outputs(
    *,
    form: Form | None,
    names: Sequence[str],
    settings: Settings,
    registry: Sequence[str],
    output: Output,
) -> None:
    """Print what the endpoints tell: address, health path, region, digest, identity, store.

    --router prints [router] settings for `deployer router run`, or with envoy or haproxy the
    configuration itself; endpoints stand in it in the order of --clouds.

    \b
    Examples:
      deployer outputs --clouds aws,gcp -o json
      deployer outputs --clouds aws,gcp --router >> deployer.toml
      deployer outputs --clouds local --router haproxy > haproxy.cfg
    """  # noqa: D301 - click wants the backspace itself
    from deployer.stacks import acts  # noqa: PLC0415 - not needed for --help
    from deployer.stacks.outcome import Silent  # noqa: PLC0415 - as above
    from deployer.stacks.together import together  # noqa: PLC0415 - as above

    engine = engine_for(settings, Silent())
    results = together(
        engine,
        named_targets(settings, names),
        lambda target: acts.outputs(engine, target),
        say=output.say,
    )
    found = {name: each for name, each in results.items() if not isinstance(each, DeployerError)}
    if form is not None:
        for error in failures_of(results).values():
            raise error
        _print_router(found, form, settings)
        return
    if not output.json:
        print_outputs(found, output)
    elif found:
        output.emit(found)
    end(results, output)


def _print_router(found: Mapping[str, Mapping[str, Any]], form: Form, settings: Settings) -> None:
    from infra.router.envoy import render_envoy  # noqa: PLC0415 - not needed for --help
    from infra.router.haproxy import render_haproxy  # noqa: PLC0415 - as above

    if form == "toml":
        click.echo(_toml(found), nl=False)
        return
    router = _router(found, settings)
    click.echo(render_envoy(router) if form == "envoy" else render_haproxy(router), nl=False)


def _endpoints(found: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return name, URL, cloud, region and priority of each endpoint, the preferred ones first.

    Raises:
        MissingError: a stack tells no address: its `up` did not come that far.

    """
    listed: list[dict[str, Any]] = []
    for priority, (cloud, values) in enumerate(found.items()):
        if not values.get("url"):
            raise MissingError(
                "the stack tells no address",
                where=cloud,
                hint=f"go on where it stopped: deployer up --clouds {cloud}",
            )
        own = values.get("endpoints")
        several = own if isinstance(own, Mapping) else {cloud: values["url"]}
        for name, url in several.items():
            listed.append(
                {
                    "name": name,
                    "url": url,
                    "cloud": cloud,
                    "region": values.get("region") or "",
                    "priority": priority,
                }
            )
    return listed


def _toml(found: Mapping[str, Mapping[str, Any]]) -> str:
    lines = ["[router]", f"model = {json.dumps(next(iter(found.values()))['model'])}"]
    for each in _endpoints(found):
        lines += ["", f"[router.endpoints.{json.dumps(each['name'])}]"]
        lines += [
            f"{key} = {json.dumps(each[key], ensure_ascii=False)}"
            for key in ("url", "cloud", "region", "priority")
            if each[key] != ""
        ]
    return "\n".join(lines) + "\n"


def _router(found: Mapping[str, Mapping[str, Any]], settings: Settings) -> "Router":
    from infra.router.model import Endpoint, Router  # noqa: PLC0415 - not needed for --help

    own = settings.router
    digests = {str(values["digest"]) for values in found.values()}
    return Router(
        model=str(next(iter(found.values()))["model"]),
        endpoints=tuple(Endpoint(**each) for each in _endpoints(found)),
        mode=own.mode,
        host=own.host,
        port=own.port,
        admin_port=own.admin_port,
        region=own.region or settings.region or "",
        # Only one that all of them serve may be demanded of every answer.
        digests=tuple(digests) if len(digests) == 1 else (),
        per_try=own.per_try,
        timeout=own.timeout,
        peak=own.peak,
    )
