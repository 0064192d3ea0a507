"""From settings to what each cloud's program is told."""

import re
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, get_args

import msgspec

from deployer.errors import UsageError
from deployer.registry.format.names import Reference, parse_reference
from deployer.settings import EndpointSettings, Settings
from infra.configuration import CONFIG_KEY, Cloud, EndpointConfig, encode
from infra.local.configuration import CONFIG_KEY as LOCAL_KEY
from infra.local.configuration import LocalConfig
from infra.local.configuration import encode as encode_local

__all__ = [
    "CLOUDS",
    "chosen_clouds",
    "endpoint_config",
    "local_config",
    "model_reference",
    "program_config",
    "stack_name",
]

CLOUDS: tuple[Cloud, ...] = get_args(Cloud)

_LOCAL_ONLY = ("endpoints", "port")
_PROVIDER_KEYS = {
    "aws": (("aws:region", "region"),),
    "gcp": (("gcp:region", "region"), ("gcp:project", "project")),
    "azure": (("azure-native:location", "region"), ("azure-native:subscriptionId", "project")),
    "local": (),
}
_STACK = re.compile(r"[A-Za-z0-9_.-]{1,100}")
_DIGEST = re.compile(r"(sha256:)?([0-9a-f]{64})")


def chosen_clouds(settings: Settings, names: str | None) -> list[Cloud]:
    """Return the clouds of ``--clouds``, else those of ``[infra] clouds``.

    Raises:
        UsageError: none is named, one is unknown, or one is named twice.

    """
    listed = names.split(",") if names is not None else settings.infra.clouds
    wanted = [each.strip() for each in listed if each.strip()]
    if not wanted:
        raise UsageError(
            "no cloud is named", hint="add --clouds aws,gcp or write clouds = […] below [infra]"
        )
    for name in wanted:
        if name not in CLOUDS:
            near = get_close_matches(name, CLOUDS, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(CLOUDS)}"
            raise UsageError(f"unknown cloud {name!r}", where="--clouds", hint=hint)
        if wanted.count(name) > 1:
            raise UsageError("a cloud is named twice", where=name, hint="name each cloud once")
    return [each for each in CLOUDS if each in wanted]


def model_reference(settings: Settings, model: str | None = None) -> Reference:
    """Return which version endpoints serve: `model`, else ``[infra] model``.

    Raises:
        UsageError: neither names one, or it is no reference.

    """
    named = model or settings.infra.model
    if not named:
        raise UsageError(
            "no model is named", where="[infra] model", hint='write: model = "penguins@champion"'
        )
    return parse_reference(named)


def endpoint_config(
    settings: Settings, cloud: str, *, digest: str, model: str | None = None
) -> EndpointConfig:
    """Return what the program of `cloud` is told.

    Args:
        settings: the user's; ``[infra.CLOUD]`` goes before ``[infra]``.
        cloud: ``aws``, ``gcp``, ``azure`` or ``local``.
        digest: of the version's manifest, hex, perhaps after ``sha256:``.
        model: reference that goes before ``[infra] model``; its name alone matters here.

    Raises:
        UsageError: a setting is missing or impossible; says which and how to write it.

    """
    if cloud not in CLOUDS:
        raise UsageError(f"unknown cloud {cloud!r}", hint=f"known are {', '.join(CLOUDS)}")
    own, place = settings.infra, f"[infra.{cloud}]"
    mine = getattr(own, cloud) or EndpointSettings()
    fields = _merged(own, mine)
    if cloud != "local":
        for name in _LOCAL_ONLY:
            if getattr(mine, name) is not None:
                raise UsageError(
                    f"{name} is for local endpoints alone",
                    where=f"{place} {name}",
                    hint="remove it, or move it below [infra.local]",
                )
    name = model_reference(settings, model).name
    found = _DIGEST.fullmatch(digest)
    if found is None:
        raise UsageError(
            "the digest must be 64 hex digits", where="--digest", hint="see: deployer show MODEL"
        )
    store = settings.clouds.get(_registry_cloud(settings, cloud))
    if store is not None:
        fields.setdefault("stores", store.url)
        if store.region and cloud != "local":
            fields.setdefault("region", store.region)
    if cloud == "local":
        fields.setdefault("region", settings.region or "local")
        fields["image"] = ""
        if fields.get("keys"):
            fields["keys"] = str(Path(fields["keys"]).expanduser().absolute())
    _require(fields, cloud)
    if not own.owner:
        raise UsageError(
            "nobody answers for it", where="[infra] owner", hint='write: owner = "ml-team"'
        )
    bound = settings.models.get(name)
    residency = own.residency if own.residency is not None else bound.residency if bound else []
    known = {k: v for k, v in fields.items() if k not in _LOCAL_ONLY}
    try:
        return EndpointConfig(
            name=own.name or name,
            cloud=cloud,
            model=name,
            digest=found[2],
            owner=own.owner,
            environment=own.environment,
            residency=tuple(residency),
            **known,
        )
    except ValueError as error:
        raise UsageError(str(error), where=place, hint="see: deployer config show") from error


def _merged(common: EndpointSettings, own: EndpointSettings) -> dict[str, Any]:
    fields = (
        (name, mine if mine is not None else getattr(common, name))
        for name, mine in msgspec.structs.asdict(own).items()
    )
    return {name: value for name, value in fields if value is not None}


def _registry_cloud(settings: Settings, cloud: str) -> str:
    """Return which copy of the registry is near: the cloud's own; on this machine, the first."""
    if cloud != "local":
        return cloud
    return next(iter([*settings.push.clouds, *settings.clouds]), "")


def _require(fields: dict[str, Any], cloud: str) -> None:
    needed = {
        "region": "where it is made",
        "stores": "the registry's store that it reads from",
        "image": "the container image, with its digest",
    }
    examples = {
        "region": {"aws": "eu-central-1", "gcp": "europe-west3", "azure": "germanywestcentral"},
        "stores": {"aws": "s3://my-models", "gcp": "gs://my-models", "azure": "az://me/models"},
        "image": {},
    }
    if cloud in ("gcp", "azure"):
        needed["project"] = "the project" if cloud == "gcp" else "the subscription's id"
    for name, what in needed.items():
        if name not in fields:
            example = examples.get(name, {}).get(cloud, "…")
            raise UsageError(
                f"{what} is not known",
                where=f"[infra.{cloud}] {name}",
                hint=f'write: {name} = "{example}"',
            )


def local_config(
    settings: Settings, *, folder: Path, directory: Path, clouds: Sequence[str]
) -> LocalConfig:
    """Return what the program for this machine is told besides.

    Args:
        settings: the user's.
        folder: of logs and the router's configuration.
        directory: where ``deployer.toml`` is.
        clouds: names of the registry's copies.

    Raises:
        UsageError: no copy of the registry is known.

    """
    if not clouds:
        raise UsageError(
            "no cloud is configured that servers could read the model from",
            hint='write [clouds.NAME] url = "…" in deployer.toml, or use --emulators',
        )
    own = _merged(settings.infra, settings.infra.local or EndpointSettings())
    return LocalConfig(
        folder=str(folder.absolute()),
        directory=str(directory.absolute()),
        clouds=tuple(clouds),
        endpoints=own.get("endpoints", 3),
        port=own.get("port", 0),
    )


def program_config(config: EndpointConfig, local: LocalConfig | None = None) -> dict[str, str]:
    """Return configuration key → value for the program, the provider's own keys among them."""
    values = {CONFIG_KEY: encode(config)}
    for key, field in _PROVIDER_KEYS[config.cloud]:
        value = getattr(config, field)
        if value:
            values[key] = value
    if local is not None:
        values[LOCAL_KEY] = encode_local(local)
    return values


def stack_name(settings: Settings, model: str | None = None) -> str:
    """Return the stack's name, one for each deployment and environment.

    Raises:
        UsageError: no model is named, or the environment cannot be part of a name.

    """
    own = settings.infra
    name = f"{own.name or model_reference(settings, model).name}-{own.environment}"
    if _STACK.fullmatch(name) is None:
        raise UsageError(
            f"{own.environment!r} cannot be part of a stack's name",
            where="[infra] environment",
            hint="use letters, digits, dots, dashes and underscores",
        )
    return name
