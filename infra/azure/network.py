"""The network that the app is in, and the doors in it to the store and the vault."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import network, privatedns

from infra.azure.site import Site

__all__ = ["Network", "make_door", "make_network", "make_zone"]

_SPACE = "10.128.0.0/16"
_APPS = "10.128.0.0/23"
_DOORS = "10.128.2.0/24"


@dataclass(frozen=True, kw_only=True)
class Network:
    """The network.

    Attributes:
        whole: itself.
        apps: subnet of the app's environment.
        doors: subnet of private endpoints.

    """

    whole: network.VirtualNetwork
    apps: network.Subnet
    doors: network.Subnet


def make_network(site: Site) -> Network:
    """Make the network: nothing from outside gets in, but to the app of a public endpoint."""
    whole = network.VirtualNetwork(
        site.name("network"),
        resource_group_name=site.group.name,
        location=site.config.region,
        address_space=network.AddressSpaceArgs(address_prefixes=[_SPACE]),
        tags=site.tags,
        opts=site.opts(ignore=["subnets"]),
    )
    doors = network.Subnet(
        site.name("doors"),
        resource_group_name=site.group.name,
        virtual_network_name=whole.name,
        address_prefix=_DOORS,
        private_endpoint_network_policies="Enabled",
        default_outbound_access=False,
        network_security_group=_guard(site, "doors", []),
        opts=site.opts(),
    )
    apps = network.Subnet(
        site.name("apps"),
        resource_group_name=site.group.name,
        virtual_network_name=whole.name,
        address_prefix=_APPS,
        delegations=[
            network.DelegationArgs(name="apps", service_name="Microsoft.App/environments")
        ],
        network_security_group=_guard(site, "apps", _entrances(site)),
        # Azure changes one subnet of a network at a time.
        opts=site.opts(after=[doors]),
    )
    return Network(whole=whole, apps=apps, doors=doors)


def _guard(
    site: Site, part: str, rules: Sequence[network.SecurityRuleArgs]
) -> network.NetworkSecurityGroupArgs:
    """Make a security group; by Azure's defaults it lets in the network itself and no other."""
    group = network.NetworkSecurityGroup(
        site.name(part),
        resource_group_name=site.group.name,
        location=site.config.region,
        security_rules=list(rules),
        tags=site.tags,
        opts=site.opts(),
    )
    return network.NetworkSecurityGroupArgs(id=group.id)


def _entrances(site: Site) -> Sequence[network.SecurityRuleArgs]:
    """Let clients reach the ingress of an app that is public.

    https://learn.microsoft.com/azure/container-apps/firewall-integration
    """
    if not site.config.public:
        return ()
    return (
        network.SecurityRuleArgs(
            name="https",
            direction="Inbound",
            access="Allow",
            protocol="Tcp",
            priority=100,
            source_address_prefix="Internet",
            source_port_range="*",
            destination_address_prefix=_APPS,
            destination_port_ranges=["443", "31443"],
        ),
    )


def make_zone(
    site: Site, part: str, net: Network, name: pulumi.Input[str]
) -> tuple[privatedns.PrivateZone, privatedns.VirtualNetworkLink]:
    """Make a DNS zone that this network alone sees; return it and what links it."""
    zone = privatedns.PrivateZone(
        site.name(part),
        resource_group_name=site.group.name,
        private_zone_name=name,
        location="global",
        tags=site.tags,
        opts=site.opts(),
    )
    link = privatedns.VirtualNetworkLink(
        site.name(part),
        resource_group_name=site.group.name,
        private_zone_name=zone.name,
        location="global",
        registration_enabled=False,
        virtual_network=privatedns.SubResourceArgs(id=net.whole.id),
        tags=site.tags,
        opts=site.opts(),
    )
    return zone, link


def make_door(
    site: Site, part: str, net: Network, *, target: pulumi.Input[str], kind: str, zone: str
) -> Sequence[pulumi.Resource]:
    """Make a private endpoint and return what must be there before somebody goes through it.

    Args:
        site: where.
        part: of the endpoint, that it leads to.
        net: in which the door is.
        target: id of the resource behind it.
        kind: which of the resource's services, such as ``blob``.
        zone: DNS zone that its name is in, by
            https://learn.microsoft.com/azure/private-link/private-endpoint-dns

    """
    door = network.PrivateEndpoint(
        site.name(part),
        resource_group_name=site.group.name,
        location=site.config.region,
        subnet=network.SubnetArgs(id=net.doors.id),
        private_link_service_connections=[
            network.PrivateLinkServiceConnectionArgs(
                name=part, private_link_service_id=target, group_ids=[kind]
            )
        ],
        tags=site.tags,
        opts=site.opts(after=[net.apps]),
    )
    private, link = make_zone(site, part, net, zone)
    group = network.PrivateDnsZoneGroup(
        site.name(part),
        resource_group_name=site.group.name,
        private_endpoint_name=door.name,
        private_dns_zone_group_name="default",
        private_dns_zone_configs=[
            network.PrivateDnsZoneConfigArgs(name=part, private_dns_zone_id=private.id)
        ],
        opts=site.opts(),
    )
    return [group, link]
