"""What every program of ours begins and ends with: its configuration, and the same outputs."""

from dataclasses import dataclass, fields

import pulumi

from infra.configuration import EndpointConfig, decode
from infra.contract import OUTPUTS

__all__ = ["EndpointOutputs", "configuration", "export"]


@dataclass(frozen=True, kw_only=True)
class EndpointOutputs:
    """What an endpoint tells, on every cloud.

    Attributes:
        url: where the router sends requests: scheme and host, no path.
        health_path: whose 200 means that the model's golden answers were just repeated.
        region: where it is.
        model: name in the registry.
        digest: of the version's manifest, hex.
        identity: who the server is to the cloud: a role's ARN, a service account, a principal.
        bucket: URL of the store that it reads from.
        cost_hints: name → amount, what `deployer cost` multiplies by prices.

    """

    url: pulumi.Input[str]
    health_path: pulumi.Input[str]
    region: pulumi.Input[str]
    model: pulumi.Input[str]
    digest: pulumi.Input[str]
    identity: pulumi.Input[str]
    bucket: pulumi.Input[str]
    cost_hints: pulumi.Input[dict[str, float]]


assert tuple(each.name for each in fields(EndpointOutputs)) == OUTPUTS  # noqa: S101 - our wiring


def configuration() -> EndpointConfig:
    """Return what the program was told to make.

    Raises:
        ValueError: it is no endpoint's configuration.

    """
    return decode(pulumi.Config("deployer").require("endpoint"))


def export(outputs: EndpointOutputs) -> None:
    """Export every output under its name."""
    for name in OUTPUTS:
        pulumi.export(name, getattr(outputs, name))
