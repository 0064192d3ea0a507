"""What the program for this machine is told beyond what every cloud's is.

It reaches the program as the configuration value ``deployer:local``, a JSON object.
"""

import msgspec

__all__ = ["CONFIG_KEY", "LocalConfig", "decode", "encode"]

CONFIG_KEY = "deployer:local"


class LocalConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How endpoints run on this machine.

    Attributes:
        folder: absolute path of their logs and of the router's configuration.
        directory: absolute path that servers run in: where the user's ``deployer.toml`` is.
        clouds: names of the registry's copies, as the settings have them; each endpoint asks
            another one first.
        endpoints: how many.
        port: of the router; 0 takes any free one and keeps it.

    """

    folder: str
    directory: str
    clouds: tuple[str, ...]
    endpoints: int = 3
    port: int = 0

    def __post_init__(self) -> None:
        if not self.clouds:
            raise ValueError("clouds must name at least one copy of the registry")
        if self.endpoints < 1:
            raise ValueError("endpoints must be at least 1")


def encode(config: LocalConfig) -> str:
    """Return the JSON text that the program is configured with."""
    return msgspec.json.encode(config).decode()


def decode(text: str | bytes) -> LocalConfig:
    """Return the configuration that `encode` wrote.

    Raises:
        ValueError: it is none; the message says what is wrong where.

    """
    return msgspec.json.decode(text, type=LocalConfig)
