"""The endpoint on Google Cloud: what it is made of, and what it tells.

The project must have these APIs on: Run, Artifact Registry, Cloud KMS, Secret Manager, Monitoring,
Logging, Storage, Resource Manager; with a domain, Compute Engine, Certificate Manager and DNS, too;
with a budget, Cloud Billing Budget.
"""

from urllib.parse import urlsplit

import pulumi
import pulumi_gcp as gcp

from infra.configuration import EndpointConfig
from infra.contract import model_ready_path
from infra.gcp import names
from infra.gcp.encryption import make_key
from infra.gcp.identity import make_account
from infra.gcp.images import make_repository
from infra.gcp.keys import make_keys
from infra.gcp.logs import make_logs
from infra.gcp.monitoring import make_channels, watch_budget, watch_service, watch_url
from infra.gcp.service import make_service
from infra.gcp.site import Site
from infra.gcp.storage import make_storage
from infra.programs import EndpointOutputs

__all__ = ["Endpoint"]


class Endpoint(pulumi.ComponentResource):
    """A model's endpoint: a Cloud Run service, behind a load balancer where there is a domain.

    Args:
        config: what is asked for.
        opts: as of every resource.

    Attributes:
        outputs: the same as on every cloud.

    Raises:
        NoEndpointOnGcpError: Google Cloud has no way to make this; says what to change.

    """

    outputs: EndpointOutputs

    def __init__(self, config: EndpointConfig, opts: pulumi.ResourceOptions | None = None) -> None:
        names.check(config)
        super().__init__("deployer:gcp:Endpoint", config.name, None, opts)
        site = Site.of(config, self)
        encryption = make_key(site)
        bucket = make_storage(site, encryption)
        make_repository(site, encryption)
        account, reads = make_account(site, bucket)
        keys = make_keys(site, account, encryption)
        service = make_service(site, account, keys, ready=[reads])
        make_logs(site, service)
        url = _front(site, service)
        self.outputs = EndpointOutputs(
            url=url,
            health_path=model_ready_path(config.model),
            region=config.region,
            model=config.model,
            digest=config.digest,
            identity=account.email,
            bucket=config.stores,
            cost_hints=_cost_hints(config),
        )
        self.register_outputs({"url": url, "identity": account.email})


def _front(site: Site, service: gcp.cloudrunv2.Service) -> pulumi.Output[str]:
    """Make what is before the service and what watches it; return where it is reached."""
    channels = make_channels(site)
    watch_service(site, channels, service)
    watch_budget(site, channels)
    if names.domain(site.config):
        from infra.gcp.balancer import make_balancer  # noqa: PLC0415 - slow to import
        from infra.gcp.dns import make_certificate, make_records  # noqa: PLC0415 - slow to import

        make_records(site, make_balancer(site, service, make_certificate(site)))
        watch_url(site, channels, names.host(site.config))
        return pulumi.Output.from_input(f"https://{names.host(site.config)}")
    if site.config.public:
        watch_url(site, channels, service.uri.apply(lambda uri: urlsplit(uri).netloc))
    return service.uri


def _cost_hints(config: EndpointConfig) -> dict[str, float]:
    """Return how much of everything this takes; names carry their units."""
    cpu, memory = names.run_size(config.cpu, config.memory)
    return {
        "requests_month": float(config.requests),
        "instances_min": float(config.min_instances),
        "vcpu": float(cpu),
        "memory_gib": memory / 1024,
    }
