"""The endpoint on Azure: what it is made of, and what it tells."""

import pulumi
from pulumi_azure_native import app

from infra.azure import names
from infra.azure.dns import make_failover
from infra.azure.encryption import make_vault
from infra.azure.identity import BLOB_READER, PULLER, allow, make_identity
from infra.azure.images import make_registry
from infra.azure.keys import make_keys
from infra.azure.logs import make_workspace
from infra.azure.monitoring import make_receivers, watch_app, watch_budget
from infra.azure.network import make_network
from infra.azure.service import make_app, make_environment
from infra.azure.site import Site
from infra.azure.storage import make_storage
from infra.configuration import EndpointConfig
from infra.contract import model_ready_path
from infra.programs import EndpointOutputs

__all__ = ["Endpoint"]


class Endpoint(pulumi.ComponentResource):
    """A model's endpoint: a container app in a network of its own.

    Args:
        config: what is asked for.
        opts: as of every resource.

    Attributes:
        outputs: the same as on every cloud.

    Raises:
        NoEndpointOnAzureError: Azure has no way to make this; says what to change.

    """

    outputs: EndpointOutputs

    def __init__(self, config: EndpointConfig, opts: pulumi.ResourceOptions | None = None) -> None:
        names.check(config)
        super().__init__("deployer:azure:Endpoint", config.name, None, opts)
        site = Site.of(config, self)
        workspace = make_workspace(site)
        net = make_network(site)
        encryption = make_vault(site, net, workspace)
        storage = make_storage(site, net, encryption, workspace)
        registry = make_registry(site)
        identity = make_identity(site, "server")
        may = [
            allow(site, "reads-models", identity, BLOB_READER, storage.container.id),
            allow(site, "pulls", identity, PULLER, registry.id),
        ]
        keys = make_keys(site, encryption, identity)
        environment = make_environment(site, net, workspace)
        server = make_app(site, environment, registry, identity, keys, ready=[*may, *storage.ready])
        watch_app(site, make_receivers(site), server)
        watch_budget(site)
        host = _host(server)
        if names.domain(config):
            make_failover(site, server, host)
        url = pulumi.Output.concat("https://", host)
        self.outputs = EndpointOutputs(
            url=url,
            health_path=model_ready_path(config.model),
            region=config.region,
            model=config.model,
            digest=config.digest,
            identity=identity.principal_id,
            bucket=config.stores,
            cost_hints=_cost_hints(config),
        )
        self.register_outputs({"url": url, "identity": identity.principal_id})


def _host(server: app.ContainerApp) -> pulumi.Output[str]:
    """Return the app's own host, which stays from one revision to the next."""
    # A rehearsal's answer may have no ingress.
    return server.configuration.apply(
        lambda found: (found.ingress.fqdn if found and found.ingress else None) or ""
    )


def _cost_hints(config: EndpointConfig) -> dict[str, float]:
    """Return how much of everything this takes; names carry their units."""
    cpu, memory = names.app_size(config.cpu, config.memory)
    return {
        "requests_month": float(config.requests),
        "instances_min": float(config.min_instances),
        "vcpu": cpu,
        "memory_gib": memory,
    }
