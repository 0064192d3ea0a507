"""From flags, variables and settings to what `deployer serve` does."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from deployer.config import Settings
from deployer.errors import UsageError
from deployer.registry.cloud import Cloud
from deployer.serving.run.ports import Ports
from deployer.settings import ServeSettings
from infra.contract import PORT_VARIABLE

__all__ = ["effective", "ordered", "ports_of"]

# Vertex AI names the port so:
# https://cloud.google.com/vertex-ai/docs/predictions/custom-container-requirements
VERTEX_PORT = "AIP_HTTP_PORT"


def ordered(clouds: Sequence[Cloud], settings: Settings, nearest: str | None) -> list[Cloud]:
    """Return the clouds in the order in which they are asked.

    Args:
        clouds: in the order of the settings.
        settings: the user's.
        nearest: name of the one to ask first; None for those in this machine's region.

    Raises:
        UsageError: there is no cloud called `nearest`.

    """
    if nearest is not None and nearest not in [cloud.name for cloud in clouds]:
        raise UsageError(f"unknown cloud {nearest!r}", hint="see: deployer config show")

    def distance(cloud: Cloud) -> int:
        if nearest is not None:
            return int(cloud.name != nearest)
        configured = settings.clouds.get(cloud.name)
        here = configured is not None and configured.region == settings.region is not None
        return int(not here)

    return sorted(clouds, key=distance)


def effective(
    settings: ServeSettings, flags: Mapping[str, Any], environment: Mapping[str, str]
) -> ServeSettings:
    """Return the settings, with the platforms' variables and then the flags laid over them.

    Raises:
        UsageError: a variable is not a port, or the values do not fit together.

    """
    changed = {name: value for name, value in flags.items() if value is not None}
    for variable in (VERTEX_PORT, PORT_VARIABLE):
        given = environment.get(variable)
        if given and "port" not in changed:
            if not re.fullmatch(r"[0-9]{1,5}", given):
                raise UsageError(f"{variable} is not a port", where=given[:20])
            changed["port"] = int(given)
    try:
        return msgspec.convert({**msgspec.structs.asdict(settings), **changed}, ServeSettings)
    except msgspec.ValidationError as error:
        raise UsageError(f"bad setting: {error}", hint="see: deployer config show") from error


def ports_of(
    settings: ServeSettings, flags: Mapping[str, Any], origins: Mapping[str, str]
) -> Ports:
    """Return which ports to listen on.

    With port 0 the others are any free ones, too, unless a flag or a setting names them; else 0
    means none.

    Args:
        settings: with the flags laid over them.
        flags: as given, None for those that were not.
        origins: dotted names of the settings that somebody wrote.

    """

    def other(name: str, number: int) -> int | None:
        if settings.port == 0 and flags.get(name) is None and f"serve.{name}" not in origins:
            return 0
        return number or None

    return Ports(
        settings.port,
        other("grpc_port", settings.grpc_port),
        other("admin_port", settings.admin_port),
    )
