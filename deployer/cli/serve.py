"""``deployer serve``."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from deployer.cli.clouds import SWITCH, cloud_options
from deployer.cli.model_argument import is_directory
from deployer.cli.options import shared_options
from deployer.cli.output import Output
from deployer.cli.serve_options import effective, ordered, ports_of
from deployer.cli.serve_ready import announce
from deployer.config import Settings, cache_dir, load, state_dir
from deployer.errors import UsageError
from deployer.registry.cloud import Cloud
from deployer.registry.format.names import is_name, parse_reference

if TYPE_CHECKING:
    from deployer.serving.run.sources import Source

__all__ = ["serve"]


@click.command()
@click.argument("models", metavar="REF_OR_FOLDER…", nargs=-1, required=True)
@click.option("--cloud", metavar="NAME", help="Ask this cloud first: the nearest.")
@click.option("--host", metavar="ADDRESS", help="Address to listen on. [serve host: 127.0.0.1]")
@click.option(
    "--port", type=click.IntRange(0, 65535), help="Of REST; 0: any that is free. [serve port: 8080]"
)
@click.option(
    "--grpc-port", type=click.IntRange(0, 65535), help="Of gRPC; 0: none. [serve grpc_port: 8081]"
)
@click.option(
    "--admin-port",
    type=click.IntRange(0, 65535),
    help="Of metrics, loading, unloading; 0: none. [serve admin_port: 9090]",
)
@click.option(
    "--workers", type=click.IntRange(1, 256), help="Processes that answer. [serve workers: 1]"
)
@click.option(
    "--auth",
    type=click.Choice(["keys", "oidc", "none"]),
    help="Who is answered: holders of API keys, of tokens, or everybody. [serve auth: keys]",
)
@click.option(
    "--platform",
    type=click.Choice(["sagemaker", "vertex", "azureml"]),
    help="The cloud that checks callers itself, on its own routes.",
)
@click.option(
    "--poll",
    type=click.FloatRange(0.05, 3600),
    help="Seconds between two looks at an alias. [serve poll: 1]",
)
@click.option(
    "--clouds",
    "names",
    metavar="A,B,…",
    help="Which of the configured clouds; default: those in [push], else all.",
)
@click.option(
    "--emulators",
    is_flag=True,
    envvar=SWITCH,
    help=f"Use the clouds that `deployer emulators up` started (or set {SWITCH}=1).",
)
@shared_options
def serve(
    models: tuple[str, ...],
    *,
    cloud: str | None,
    names: str | None,
    emulators: bool,
    output: Output,
    **flags: Any,
) -> None:
    """Answer requests with models, over HTTP and gRPC.

    REF is NAME (the latest), NAME:3, NAME@champion or NAME@sha256:DIGEST; an alias is followed
    while the server runs, and no request is dropped when it moves. FOLDER is a package;
    NAME=FOLDER gives it a name.

    The server asks for API keys, made with `deployer key api new`, unless --auth says otherwise.
    SIGTERM ends it when the requests under way are answered; SIGHUP reads folders again. Flags go
    before [serve] in deployer.toml. Exits with 6 if there is no such version.

    \b
    Examples:
      deployer serve penguins@champion
      deployer serve penguins@champion --cloud gcp --workers 2
      deployer serve model/ --port 0 --auth none -o json
      deployer serve penguins:3 irises=other/model/ --host 0.0.0.0
    """  # noqa: D301 - click wants the backspace itself
    asked = [_parse(model) for model in models]
    _check_names([name for name, _ in asked])
    if any(folder is None for _, folder in asked):
        _serve_clouds(
            models,
            flags,
            cloud,
            output=output,
            names=names,
            emulators=emulators,
            concurrency=None,
            timeout=None,
        )
    else:
        _serve(models, flags, output, load().settings, [], None)


@cloud_options
def _serve_clouds(
    models: Sequence[str],
    flags: Mapping[str, Any],
    nearest: str | None,
    *,
    clouds: list[Cloud],
    settings: Settings,
    output: Output,
) -> None:
    _serve(models, flags, output, settings, ordered(clouds, settings, nearest), nearest)


def _parse(model: str) -> tuple[str, Path | None]:
    """Return a model's name, and its folder if it is served from one.

    Raises:
        UsageError: it is neither a folder nor a reference.

    """
    name, equals, folder = model.partition("=")
    if equals and is_name(name) and not Path(model).exists():
        return name, Path(folder)
    if is_directory(model):
        own = Path(model).resolve().name
        return (own if is_name(own) else "model"), Path(model)
    return parse_reference(model).name, None


def _check_names(names: Sequence[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            raise UsageError(
                f"two models are called {name!r}", hint="give a folder a name: NAME=FOLDER"
            )


def _serve(
    models: Sequence[str],
    flags: Mapping[str, Any],
    output: Output,
    settings: Settings,
    clouds: Sequence[Cloud],
    nearest: str | None,
) -> None:
    import asyncio  # noqa: PLC0415 - not needed for --help

    from deployer.serving.run.supervise import Supervisor  # noqa: PLC0415 - as above
    from deployer.serving.run.voice import Voice  # noqa: PLC0415 - as above

    chosen = effective(settings.serve, flags, os.environ)
    ports = ports_of(chosen, flags, load().origins)

    async def run() -> None:
        supervisor = Supervisor(
            chosen,
            ports,
            lambda folder: _sources(models, settings, clouds, folder),
            voice=Voice(output.say, output.warn),
            ready=lambda ready: announce(ready, output),
            verbose=output.verbose > 1,
        )
        await supervisor.run()

    asyncio.run(run())


def _sources(
    models: Sequence[str], settings: Settings, clouds: Sequence[Cloud], folder: Path
) -> "list[Source]":
    from deployer.serving.run.sources import (  # noqa: PLC0415 - not needed for --help
        FolderSource,
    )

    sources: list[Source] = []
    for model in models:
        name, path = _parse(model)
        if path is not None:
            sources.append(FolderSource(name, path, folder / "copies"))
        else:
            sources.append(_registry_source(model, settings, clouds))
    return sources


def _registry_source(model: str, settings: Settings, clouds: Sequence[Cloud]) -> "Source":
    from hashlib import sha256  # noqa: PLC0415 - not needed for --help

    from deployer.cli.pull import blob_cache  # noqa: PLC0415 - as above
    from deployer.cli.trust import address_of, trust_of  # noqa: PLC0415 - as above
    from deployer.serving.run.disk import Disk  # noqa: PLC0415 - as above
    from deployer.serving.run.lastgood import LastGood  # noqa: PLC0415 - as above
    from deployer.serving.run.sources import RegistrySource  # noqa: PLC0415 - as above

    addresses = sorted(address_of(cloud, settings, os.environ) for cloud in clouds)
    rules = sha256(msgspec.json.encode(settings.signing)).hexdigest()
    return RegistrySource(
        parse_reference(model),
        clouds,
        trust_of(settings, clouds),
        blob_cache(settings),
        Disk(cache_dir() / "serving", parse_reference(model).name),
        LastGood(state_dir() / "serving", "\0".join(addresses), rules),
    )
