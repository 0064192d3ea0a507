"""The flags that acts on stacks share, and what follows from them and the settings."""

import functools
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from deployer.cli.clouds import SWITCH, open_clouds
from deployer.cli.output import Output
from deployer.config import Settings, load, state_dir
from deployer.errors import UsageError

if TYPE_CHECKING:
    from deployer.stacks.acts import Engine, Target
    from deployer.stacks.outcome import Listener
    from infra.configuration import EndpointConfig

__all__ = [
    "configured",
    "engine_for",
    "local_folder",
    "named_targets",
    "refuse_silence",
    "stack_options",
    "targets_of",
]


def stack_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--clouds --emulators``; pass the clouds of the stacks as ``names`` and settings.

    ``registry`` are the names of the registry's copies that may be used.
    """

    @click.option(
        "--clouds",
        "listed",
        metavar="A,B,…",
        help="Of aws, gcp, azure, local; default: [infra] clouds.",
    )
    @click.option(
        "--emulators",
        is_flag=True,
        envvar=SWITCH,
        help=f"The registry is in what `deployer emulators up` started (or set {SWITCH}=1).",
    )
    @functools.wraps(command)
    def wrapper(*args: Any, listed: str | None, emulators: bool, **kwargs: Any) -> Any:
        from deployer.stacks.configuration import chosen_clouds  # noqa: PLC0415 - not for --help

        emulated: Sequence[str] = ()
        if emulators:
            from deployer.emulators import apply_environment  # noqa: PLC0415 - few need it

            emulated = apply_environment()
        settings = load().settings
        registry = emulated or settings.push.clouds or list(settings.clouds)
        names = chosen_clouds(settings, listed)
        return command(*args, names=names, settings=settings, registry=registry, **kwargs)

    return wrapper


def engine_for(settings: Settings, listener: "Listener") -> "Engine":
    """Return what acts are done with.

    Raises:
        UsageError: the backend is impossible.
        MissingError: there is no engine.

    """
    from deployer.stacks.acts import Engine  # noqa: PLC0415 - not needed for --help
    from deployer.stacks.engine import pulumi_command  # noqa: PLC0415 - as above
    from deployer.stacks.policing import PACK  # noqa: PLC0415 - as above
    from deployer.stacks.workspace import Home  # noqa: PLC0415 - as above

    home = Home.of(settings.infra, state_dir() / "stacks")
    return Engine(home, listener, policy_packs=(PACK,), path=pulumi_command())


def local_folder(stack: str) -> Path:
    """Return the folder of logs and configuration of the endpoints on this machine."""
    return state_dir() / "local" / stack


def named_targets(settings: Settings, names: Sequence[str]) -> "list[Target]":
    """Return the stacks of these clouds, for acts that run no program."""
    from deployer.stacks.acts import Target  # noqa: PLC0415 - not needed for --help
    from deployer.stacks.configuration import stack_name  # noqa: PLC0415 - as above

    return [Target(name, stack_name(settings)) for name in names]


def configured(
    settings: Settings,
    names: Sequence[str],
    *,
    registry: Sequence[str],
    model: str | None,
    digest: str | None,
    output: Output,
) -> "list[EndpointConfig]":
    """Return what each cloud's program is told.

    Args:
        settings: the user's.
        names: of the clouds.
        registry: names of the registry's copies.
        model: reference that goes before ``[infra] model``.
        digest: of the manifest; None to ask the registry what the reference means.
        output: to speak with.

    Raises:
        UsageError: a setting is missing or impossible.
        StoreError, DeployerError: no copy of the registry could say what the reference means.

    """
    from deployer.stacks.configuration import endpoint_config, model_reference  # noqa: PLC0415

    reference = model_reference(settings, model)
    found = digest or reference.digest or _resolved(settings, registry, reference, output)
    return [endpoint_config(settings, name, digest=found, model=model) for name in names]


def targets_of(
    settings: Settings, configs: "Sequence[EndpointConfig]", *, registry: Sequence[str]
) -> "list[Target]":
    """Return the stacks with the configuration of their programs, and what policies demand of them.

    Raises:
        UsageError: a setting is impossible.

    """
    from deployer.cli.stacks_review import policy_text  # noqa: PLC0415 - not needed for --help
    from deployer.stacks.acts import Target  # noqa: PLC0415 - not needed for --help
    from deployer.stacks.configuration import (  # noqa: PLC0415 - as above
        local_config,
        program_config,
        stack_name,
    )

    targets = []
    for config in configs:
        stack = stack_name(settings, config.model)
        local = None
        if config.cloud == "local":
            local = local_config(
                settings, folder=local_folder(stack), directory=Path.cwd(), clouds=registry
            )
        policy = policy_text(settings, config)
        targets.append(Target(config.cloud, stack, program_config(config, local), policy))
    return targets


def _resolved(settings: Settings, registry: Sequence[str], reference: Any, output: Output) -> str:
    from deployer.cli.trust import trust_of  # noqa: PLC0415 - not needed with --digest
    from deployer.registry.reading.resolve import first_that_answers  # noqa: PLC0415 - as above

    if not settings.clouds:
        raise UsageError(
            f"no cloud is configured that could say what {reference} is",
            hint='write [clouds.NAME] url = "…" in deployer.toml, or name it with --digest',
        )
    clouds = open_clouds(settings, list(registry))
    try:
        trust = trust_of(settings, clouds, fetches=False)
        resolved, failed = first_that_answers(clouds, reference, trust)
    finally:
        for cloud in clouds:
            cloud.store.close()
    for name, error in failed.items():
        output.warn(f"{name} was passed over: {error}")
    for doubt in resolved.doubts:
        output.warn(doubt)
    return resolved.digest


def refuse_silence(*, yes: bool, no_input: bool) -> None:
    """Refuse to go on where a question is due and nobody can answer it.

    Raises:
        UsageError: nobody is there to be asked, or may be.

    """
    if not yes and (no_input or not sys.stdin.isatty()):
        raise UsageError("nobody is here to be asked", hint="add --yes")
