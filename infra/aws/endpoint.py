"""The endpoint on AWS: what it is made of, and what it tells."""

import pulumi

from infra.aws import names
from infra.aws.dns import CLOUD, Front, make_certificate, make_failover, make_own_host
from infra.aws.encryption import make_key
from infra.aws.function import make_server
from infra.aws.gateway import make_gateway, make_own_name
from infra.aws.images import make_repository
from infra.aws.keys import make_keys
from infra.aws.monitoring import make_topic, watch_budget, watch_function, watch_service
from infra.aws.site import Site
from infra.aws.storage import make_storage
from infra.configuration import EndpointConfig
from infra.contract import model_ready_path
from infra.programs import EndpointOutputs

__all__ = ["Endpoint"]


class Endpoint(pulumi.ComponentResource):
    """A model's endpoint: a function behind an HTTP API, or a service behind a load balancer.

    The image and the model must be there before the server starts, and this makes what they are
    put into. So a first run may stop at the server; push both, and the next one goes on.

    Args:
        config: what is asked for.
        opts: as of every resource.

    Attributes:
        outputs: the same as on every cloud.

    Raises:
        NoEndpointOnAwsError: AWS has no way to make this; says what to change.

    """

    outputs: EndpointOutputs

    def __init__(self, config: EndpointConfig, opts: pulumi.ResourceOptions | None = None) -> None:
        names.check(config)
        super().__init__("deployer:aws:Endpoint", config.name, None, opts)
        site = Site.of(config, self)
        make = _function if config.compute == "serverless" else _service
        url, identity = make(site)
        self.outputs = EndpointOutputs(
            url=url,
            health_path=model_ready_path(config.model),
            region=config.region,
            model=config.model,
            digest=config.digest,
            identity=identity,
            bucket=config.stores,
            cost_hints=_cost_hints(config),
        )
        self.register_outputs({"url": url, "identity": identity})


def _function(site: Site) -> tuple[pulumi.Output[str], pulumi.Output[str]]:
    """Make the serverless kind; return its URL and its role's ARN."""
    key = make_key(site)
    storage = make_storage(site, key)
    make_repository(site, key)
    topic = make_topic(site, key)
    server = make_server(site, storage, key)
    gateway = make_gateway(site, server, make_keys(site, key), key)
    watch_function(site, topic, server, gateway)
    watch_budget(site, topic)
    if names.domain(site.config):
        make_failover(site, make_own_name(site, gateway, make_certificate(site)))
    return gateway.api.api_endpoint, server.role.arn


def _service(site: Site) -> tuple[pulumi.Output[str], pulumi.Output[str]]:
    """Make the kind that always runs; return its URL and its role's ARN."""
    # The SDK's part for networks takes as long to import as all that a function needs.
    from infra.aws.balancer import make_balancer  # noqa: PLC0415 - slow to import
    from infra.aws.network import make_network  # noqa: PLC0415 - slow to import
    from infra.aws.service import make_service  # noqa: PLC0415 - slow to import

    key = make_key(site)
    storage = make_storage(site, key)
    repository = make_repository(site, key)
    topic = make_topic(site, key)
    network = make_network(site, storage)
    # A load balancer's own name has no certificate: the router needs a host that has.
    host = f"{CLOUD}.{names.domain(site.config)}"
    balancer = make_balancer(site, network, storage, make_certificate(site, host))
    service = make_service(
        site,
        network=network,
        balancer=balancer,
        storage=storage,
        repository=repository,
        keys=make_keys(site, key),
        key=key,
    )
    watch_service(
        site,
        topic,
        balancer=balancer.balancer.arn_suffix,
        targets=balancer.targets.arn_suffix,
    )
    watch_budget(site, topic)
    make_own_host(site, host, (balancer.balancer.dns_name, balancer.balancer.zone_id))
    if site.config.public:
        # Route 53 checks from the internet, where nothing else can be seen.
        own = pulumi.Output.from_input(host)
        make_failover(site, Front(target=own, checked=own))
    return pulumi.Output.from_input(f"https://{host}"), service.role.arn


def _cost_hints(config: EndpointConfig) -> dict[str, float]:
    """Return how much of everything this takes; names carry their units."""
    hints = {"requests_month": float(config.requests), "instances_min": float(config.min_instances)}
    if config.compute == "serverless":
        memory = names.lambda_memory(config.cpu, config.memory)
        return {**hints, "memory_gib": memory / 1024}
    cpu, memory = names.fargate_size(config.cpu, config.memory)
    least = float(max(1, config.min_instances))
    return {**hints, "instances_min": least, "vcpu": cpu / 1024, "memory_gib": memory / 1024}
