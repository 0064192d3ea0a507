"""The load balancer before the service: TLS 1.2 or newer and nothing else."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.aws import names
from infra.aws.network import PORT, Network
from infra.aws.site import Site
from infra.aws.storage import Storage
from infra.contract import READY_PATH

__all__ = ["Balancer", "make_balancer"]

# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html
_TLS = "ELBSecurityPolicy-TLS13-1-2-2021-06"
_NAME_MOST = 20  # AWS allows 32 characters, Pulumi adds 8 and the part's name takes 4


@dataclass(frozen=True, kw_only=True)
class Balancer:
    """The load balancer, whom it sends requests to, and how it hears them."""

    balancer: aws.lb.LoadBalancer
    targets: aws.lb.TargetGroup
    listener: aws.lb.Listener


def make_balancer(
    site: Site, network: Network, storage: Storage, certificate: pulumi.Output[str]
) -> Balancer:
    """Make it, for clients on the internet or in the network alone."""
    name = names.short(site.config.name, _NAME_MOST)
    balancer = aws.lb.LoadBalancer(
        f"alb-{name}",
        load_balancer_type="application",
        internal=not site.config.public,
        subnets=[each.id for each in network.outer],
        security_groups=[network.balancer.id],
        drop_invalid_header_fields=True,
        desync_mitigation_mode="strictest",
        # Longer than a request may take, or the client gets 504 from here and not from the server.
        idle_timeout=site.config.timeout + 5,
        access_logs=aws.lb.LoadBalancerAccessLogsArgs(
            bucket=storage.logs.bucket, prefix="alb", enabled=True
        ),
        tags=site.tags,
        opts=site.opts(after=[storage.logs_ready]),
    )
    targets = aws.lb.TargetGroup(
        f"tg-{name}",
        vpc_id=network.vpc.id,
        target_type="ip",
        protocol="HTTP",
        port=PORT,
        deregistration_delay=site.config.timeout,
        health_check=aws.lb.TargetGroupHealthCheckArgs(
            path=READY_PATH,
            matcher="200",
            interval=10,
            timeout=5,
            healthy_threshold=2,
            unhealthy_threshold=2,
        ),
        tags=site.tags,
        opts=site.opts(),
    )
    listener = aws.lb.Listener(
        site.name("https"),
        load_balancer_arn=balancer.arn,
        port=443,
        protocol="HTTPS",
        ssl_policy=_TLS,
        certificate_arn=certificate,
        default_actions=[
            aws.lb.ListenerDefaultActionArgs(type="forward", target_group_arn=targets.arn)
        ],
        tags=site.tags,
        opts=site.opts(),
    )
    return Balancer(balancer=balancer, targets=targets, listener=listener)
