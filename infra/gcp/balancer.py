"""The load balancer before Cloud Run, where there is a domain to have a certificate for.

A regional one, so that TLS ends in the endpoint's region and nothing of a request is read
elsewhere: https://cloud.google.com/load-balancing/docs/https/setting-up-reg-ext-https-serverless
"""

from collections.abc import Sequence

import pulumi_gcp as gcp

from infra.gcp.dns import Certificate
from infra.gcp.site import Site

__all__ = ["make_balancer"]

_SCHEME = "EXTERNAL_MANAGED"

# Google's proxies take their addresses from it; nothing else is in this network.
# https://cloud.google.com/load-balancing/docs/proxy-only-subnets
_PROXIES = "10.129.0.0/23"


def make_balancer(
    site: Site, service: gcp.cloudrunv2.Service, certificate: Certificate
) -> gcp.compute.Address:
    """Make the balancer and return its address once the balancer answers there."""
    region = site.config.region
    address = gcp.compute.Address(
        site.name("front"),
        region=region,
        project=site.project,
        address_type="EXTERNAL",
        labels=site.labels,
        opts=site.opts(),
    )
    network, proxies = _network(site)
    proxy = gcp.compute.RegionTargetHttpsProxy(
        site.name("front"),
        region=region,
        project=site.project,
        url_map=_routes(site, service).id,
        certificate_manager_certificates=[certificate.certificate.id],
        ssl_policy=gcp.compute.RegionSslPolicy(
            site.name("front"),
            region=region,
            project=site.project,
            profile="MODERN",
            min_tls_version="TLS_1_2",
            opts=site.opts(),
        ).id,
        opts=site.opts(after=certificate.proofs),
    )
    gcp.compute.ForwardingRule(
        site.name("front"),
        region=region,
        project=site.project,
        load_balancing_scheme=_SCHEME,
        ip_protocol="TCP",
        ip_address=address.id,
        port_range="443",
        network=network.id,
        target=proxy.id,
        labels=site.labels,
        opts=site.opts(after=proxies),
    )
    return address


def _network(site: Site) -> tuple[gcp.compute.Network, Sequence[gcp.compute.Subnetwork]]:
    network = gcp.compute.Network(
        site.name("front"),
        project=site.project,
        auto_create_subnetworks=False,
        delete_default_routes_on_create=True,
        opts=site.opts(),
    )
    proxies = gcp.compute.Subnetwork(
        site.name("proxies"),
        region=site.config.region,
        project=site.project,
        network=network.id,
        ip_cidr_range=_PROXIES,
        purpose="REGIONAL_MANAGED_PROXY",
        role="ACTIVE",
        opts=site.opts(),
    )
    return network, [proxies]


def _routes(site: Site, service: gcp.cloudrunv2.Service) -> gcp.compute.RegionUrlMap:
    """Lead every path to the service; it knows its own."""
    region = site.config.region
    group = gcp.compute.RegionNetworkEndpointGroup(
        site.name("server"),
        region=region,
        project=site.project,
        network_endpoint_type="SERVERLESS",
        cloud_run=gcp.compute.RegionNetworkEndpointGroupCloudRunArgs(service=service.name),
        opts=site.opts(),
    )
    backend = gcp.compute.RegionBackendService(
        site.name("server"),
        region=region,
        project=site.project,
        load_balancing_scheme=_SCHEME,
        protocol="HTTPS",
        backends=[
            gcp.compute.RegionBackendServiceBackendArgs(
                group=group.id, balancing_mode="UTILIZATION"
            )
        ],
        log_config=gcp.compute.RegionBackendServiceLogConfigArgs(enable=True, sample_rate=1.0),
        opts=site.opts(),
    )
    return gcp.compute.RegionUrlMap(
        site.name("front"),
        region=region,
        project=site.project,
        default_service=backend.id,
        opts=site.opts(),
    )
