"""The endpoint on this machine: servers, and a router in front of them."""

import getpass

import pulumi

from infra.configuration import EndpointConfig
from infra.contract import model_ready_path
from infra.local.configuration import LocalConfig
from infra.local.proxy import Proxy
from infra.local.server import Server
from infra.programs import EndpointOutputs

__all__ = ["Endpoint"]


class Endpoint(pulumi.ComponentResource):
    """Servers of one version, and Envoy in front.

    Servers are brought up to date one after another, so that the others answer meanwhile.

    Attributes:
        outputs: the same as on every cloud; `url` is the router's.
        endpoints: name → URL of each server.

    """

    outputs: EndpointOutputs
    endpoints: pulumi.Output[dict[str, str]]

    def __init__(
        self,
        config: EndpointConfig,
        local: LocalConfig,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("deployer:local:Endpoint", config.name, None, opts)
        servers: list[Server] = []
        for number in range(local.endpoints):
            first = number % len(local.clouds)
            servers.append(
                Server(
                    f"{config.name}-{number + 1}",
                    model=config.model,
                    digest=config.digest,
                    clouds=[*local.clouds[first:], *local.clouds[:first]],
                    directory=local.directory,
                    folder=local.folder,
                    keys=config.keys,
                    opts=pulumi.ResourceOptions(parent=self, depends_on=servers[-1:]),
                )
            )
        names = [f"{config.name}-{number + 1}" for number in range(local.endpoints)]
        proxy = Proxy(
            f"{config.name}-router",
            model=config.model,
            endpoints=[
                {"name": name, "url": server.url}
                for name, server in zip(names, servers, strict=True)
            ],
            port=local.port,
            folder=local.folder,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.endpoints = pulumi.Output.all(
            **{name: server.url for name, server in zip(names, servers, strict=True)}
        )
        self.outputs = EndpointOutputs(
            url=proxy.url,
            health_path=model_ready_path(config.model),
            region=config.region,
            model=config.model,
            digest=config.digest,
            identity=f"local:{getpass.getuser()}",
            bucket=config.stores,
            cost_hints={},
        )
        self.register_outputs({"url": proxy.url, "endpoints": self.endpoints})
