"""The Traffic Manager profile that fails over, and the records that lead clients to it.

Profile and check are those of `infra.router.dns` for an endpoint named ``azure`` that comes first:
add the others from what it renders. Clients speak to the app with the domain's name, for which its
owner binds a certificate: Azure issues none for a name that leads to a Traffic Manager
(https://learn.microsoft.com/azure/container-apps/custom-domains-managed-certificates); the record
``asuid`` proves the name.
"""

import pulumi
from pulumi_azure_native import app, dns, trafficmanager

from infra.azure import names
from infra.azure.site import Site
from infra.contract import model_ready_path

__all__ = ["CLOUD", "make_failover"]

CLOUD = "azure"
"""Name of this endpoint among the others."""

_TTL = 60


def make_failover(site: Site, server: app.ContainerApp, host: pulumi.Input[str]) -> None:
    """Make the profile that repeats golden answers, and the domain's records if a zone is named."""
    profile = trafficmanager.Profile(
        site.name("failover"),
        resource_group_name=site.group.name,
        location="global",
        profile_status=trafficmanager.ProfileStatus.ENABLED,
        traffic_routing_method=trafficmanager.TrafficRoutingMethod.PRIORITY,
        # A name like no other in the world, as the vault's.
        dns_config=trafficmanager.DnsConfigArgs(relative_name=names.vault(site.config), ttl=_TTL),
        monitor_config=trafficmanager.MonitorConfigArgs(
            protocol=trafficmanager.MonitorProtocol.HTTPS,
            port=443,
            path=model_ready_path(site.config.model),
            interval_in_seconds=10,
            timeout_in_seconds=5,
            tolerated_number_of_failures=3,
            expected_status_code_ranges=[
                trafficmanager.MonitorConfigExpectedStatusCodeRangesItemArgs(min=200, max=200)
            ],
        ),
        endpoints=[
            trafficmanager.EndpointArgs(
                name=CLOUD,
                type="Microsoft.Network/trafficManagerProfiles/externalEndpoints",
                target=host,
                endpoint_status=trafficmanager.EndpointStatus.ENABLED,
                priority=1,
            )
        ],
        tags=site.tags,
        opts=site.opts(),
    )
    zone = names.zone(site.config)
    if zone is None:
        return
    dns.RecordSet(
        site.name("domain"),
        resource_group_name=zone.group,
        zone_name=zone.name,
        record_type="CNAME",
        relative_record_set_name=zone.record,
        ttl=_TTL,
        cname_record=dns.CnameRecordArgs(cname=f"{names.vault(site.config)}.trafficmanager.net"),
        opts=site.opts(after=[profile]),
    )
    dns.RecordSet(
        site.name("proof"),
        resource_group_name=zone.group,
        zone_name=zone.name,
        record_type="TXT",
        relative_record_set_name=f"asuid.{zone.record}",
        ttl=_TTL,
        txt_records=[dns.TxtRecordArgs(value=[server.custom_domain_verification_id])],
        opts=site.opts(),
    )
