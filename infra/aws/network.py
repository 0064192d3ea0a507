"""A network of its own for the service: tasks reach AWS's services through it, and nothing else.

There is no NAT: whatever runs in a task cannot send anything to the internet.
"""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.aws.site import Site
from infra.aws.storage import Storage

__all__ = ["PORT", "Network", "make_network"]

PORT = 8080
"""The server's."""

_RANGE = "10.0.0.0/16"
_PUBLIC = ("10.0.0.0/20", "10.0.16.0/20")
_PRIVATE = ("10.0.128.0/20", "10.0.144.0/20")
_SERVICES = ("ecr.api", "ecr.dkr", "logs", "secretsmanager")
_HTTPS = 443


@dataclass(frozen=True, kw_only=True)
class Network:
    """Where the service runs.

    Attributes:
        vpc: the network.
        outer: subnets of the load balancer.
        inner: subnets of the tasks, without a way out.
        balancer: security group of the load balancer.
        tasks: security group of the tasks.
        ready: what a task needs before it can start.

    """

    vpc: aws.ec2.Vpc
    outer: list[aws.ec2.Subnet]
    inner: list[aws.ec2.Subnet]
    balancer: aws.ec2.SecurityGroup
    tasks: aws.ec2.SecurityGroup
    ready: list[pulumi.Resource]


def make_network(site: Site, storage: Storage) -> Network:
    """Make it, in two zones."""
    vpc = aws.ec2.Vpc(
        site.name("net"),
        cidr_block=_RANGE,
        enable_dns_support=True,
        enable_dns_hostnames=True,
        tags=site.tags,
        opts=site.opts(),
    )
    # It exists anyway; without rules, what is put into it by mistake can talk to nobody.
    aws.ec2.DefaultSecurityGroup(
        site.name("unused"), vpc_id=vpc.id, tags=site.tags, opts=site.opts()
    )
    inner, inner_routes = _subnets(site, vpc, "inner", _PRIVATE)
    outer = inner
    if site.config.public:
        outer, routes = _subnets(site, vpc, "outer", _PUBLIC)
        _way_out(site, vpc, routes)
    balancer = _group(site, vpc, "balancer", "The load balancer")
    tasks = _group(site, vpc, "tasks", "The server's tasks")
    endpoints = _group(site, vpc, "endpoints", "Doors to AWS's services")
    everybody = "0.0.0.0/0" if site.config.public else _RANGE
    _let(site, "clients", "Clients over TLS", _HTTPS, into=balancer, range=everybody)
    _let(site, "balancer-tasks", "Requests and health", PORT, into=tasks, out_of=balancer)
    _let(site, "tasks-endpoints", "AWS's services", _HTTPS, into=endpoints, out_of=tasks)
    store = _store_door(site, vpc, inner_routes, storage)
    aws.vpc.SecurityGroupEgressRule(
        site.name("tasks-store"),
        security_group_id=tasks.id,
        description="The registry's bucket",
        ip_protocol="tcp",
        from_port=_HTTPS,
        to_port=_HTTPS,
        prefix_list_id=store.prefix_list_id,
        tags=site.tags,
        opts=site.opts(),
    )
    doors = [_door(site, vpc, inner, endpoints, service) for service in _SERVICES]
    return Network(
        vpc=vpc, outer=outer, inner=inner, balancer=balancer, tasks=tasks, ready=[store, *doors]
    )


def _subnets(
    site: Site, vpc: aws.ec2.Vpc, part: str, ranges: tuple[str, ...]
) -> tuple[list[aws.ec2.Subnet], aws.ec2.RouteTable]:
    zones = aws.get_availability_zones_output(
        state="available", opts=pulumi.InvokeOutputOptions(parent=site.parent)
    ).names
    routes = aws.ec2.RouteTable(site.name(part), vpc_id=vpc.id, tags=site.tags, opts=site.opts())
    subnets = []
    for number, block in enumerate(ranges):
        subnet = aws.ec2.Subnet(
            f"{site.name(part)}-{number}",
            vpc_id=vpc.id,
            cidr_block=block,
            availability_zone=zones[number],
            map_public_ip_on_launch=False,
            tags=site.tags,
            opts=site.opts(),
        )
        aws.ec2.RouteTableAssociation(
            f"{site.name(part)}-{number}",
            subnet_id=subnet.id,
            route_table_id=routes.id,
            opts=site.opts(),
        )
        subnets.append(subnet)
    return subnets, routes


def _way_out(site: Site, vpc: aws.ec2.Vpc, routes: aws.ec2.RouteTable) -> None:
    gateway = aws.ec2.InternetGateway(
        site.name("net"), vpc_id=vpc.id, tags=site.tags, opts=site.opts()
    )
    aws.ec2.Route(
        site.name("net"),
        route_table_id=routes.id,
        destination_cidr_block="0.0.0.0/0",
        gateway_id=gateway.id,
        opts=site.opts(),
    )


def _group(site: Site, vpc: aws.ec2.Vpc, part: str, description: str) -> aws.ec2.SecurityGroup:
    # No group may be called sg-…, and an endpoint may.
    return aws.ec2.SecurityGroup(
        f"net-{site.name(part)}",
        description=description,
        vpc_id=vpc.id,
        tags=site.tags,
        opts=site.opts(),
    )


def _let(
    site: Site,
    part: str,
    description: str,
    port: int,
    *,
    into: aws.ec2.SecurityGroup,
    out_of: aws.ec2.SecurityGroup | None = None,
    range: str | None = None,
) -> None:
    """Open one port, to addresses or from one group to another; a group's way out, too."""
    aws.vpc.SecurityGroupIngressRule(
        site.name(part),
        security_group_id=into.id,
        description=description,
        ip_protocol="tcp",
        from_port=port,
        to_port=port,
        cidr_ipv4=range,
        referenced_security_group_id=out_of.id if out_of else None,
        tags=site.tags,
        opts=site.opts(),
    )
    if out_of:
        aws.vpc.SecurityGroupEgressRule(
            site.name(part),
            security_group_id=out_of.id,
            description=description,
            ip_protocol="tcp",
            from_port=port,
            to_port=port,
            referenced_security_group_id=into.id,
            tags=site.tags,
            opts=site.opts(),
        )


def _door(
    site: Site,
    vpc: aws.ec2.Vpc,
    subnets: list[aws.ec2.Subnet],
    group: aws.ec2.SecurityGroup,
    service: str,
) -> aws.ec2.VpcEndpoint:
    """Let tasks reach a service of AWS from within the network."""
    return aws.ec2.VpcEndpoint(
        site.name(service.replace(".", "-")),
        vpc_id=vpc.id,
        service_name=f"com.amazonaws.{site.config.region}.{service}",
        vpc_endpoint_type="Interface",
        private_dns_enabled=True,
        subnet_ids=[each.id for each in subnets],
        security_group_ids=[group.id],
        tags=site.tags,
        opts=site.opts(),
    )


def _store_door(
    site: Site, vpc: aws.ec2.Vpc, routes: aws.ec2.RouteTable, storage: Storage
) -> aws.ec2.VpcEndpoint:
    """Let tasks reach the registry's bucket and the layers of images, and no other bucket.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html#ecr-minimum-s3-perms
    """
    layers = f"arn:{site.partition}:s3:::prod-{site.config.region}-starport-layer-bucket/*"
    return aws.ec2.VpcEndpoint(
        site.name("s3"),
        vpc_id=vpc.id,
        service_name=f"com.amazonaws.{site.config.region}.s3",
        vpc_endpoint_type="Gateway",
        route_table_ids=[routes.id],
        policy=site.document(
            {
                "Sid": "Registry",
                "Effect": "Allow",
                "Principal": "*",
                "Action": ["s3:GetObject", "s3:ListBucket"],
                "Resource": [storage.bucket.arn, pulumi.Output.concat(storage.bucket.arn, "/*")],
                "Condition": {"StringEquals": {"aws:PrincipalAccount": site.account}},
            },
            {
                # Fetched with links that ECR signed, so by no principal of this account.
                "Sid": "Layers",
                "Effect": "Allow",
                "Principal": "*",
                "Action": "s3:GetObject",
                "Resource": layers,
            },
        ),
        tags=site.tags,
        opts=site.opts(),
    )
