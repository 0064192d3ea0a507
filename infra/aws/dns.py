"""The endpoint's certificate, its health as Route 53 sees it, and the record that fails over.

The record and the check are those of `infra.router.dns` for an endpoint named ``aws`` that comes
first: add the second of the pair, which points at another cloud, from what it renders.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import pulumi
import pulumi_aws as aws

from infra.aws import names
from infra.aws.site import Site
from infra.contract import model_ready_path

__all__ = ["CLOUD", "Front", "make_certificate", "make_failover"]

CLOUD = "aws"
"""Name of this endpoint among the others."""

_Option: TypeAlias = aws.acm.outputs.CertificateDomainValidationOption

_TTL = 60
_INTERVAL = 10
_FAILURES = 3


@dataclass(frozen=True, kw_only=True)
class Front:
    """What stands before the server.

    Attributes:
        target: host that DNS points at.
        checked: host that answers health checks under a certificate of its own.

    """

    target: pulumi.Output[str]
    checked: pulumi.Output[str]


def make_certificate(site: Site, *others: str) -> pulumi.Output[str]:
    """Make a certificate for the domain and return its ARN once Route 53 proved who owns it.

    Args:
        site: where.
        others: more names in the same zone that it is for.

    """
    domain = names.domain(site.config)
    certificate = aws.acm.Certificate(
        site.name("certificate"),
        domain_name=domain,
        subject_alternative_names=list(others) or None,
        validation_method="DNS",
        tags=site.tags,
        opts=site.opts(),
    )
    wanted = (domain, *others)
    proofs = [_proof(site, certificate, wanted, number) for number in range(len(wanted))]
    return aws.acm.CertificateValidation(
        site.name("certificate"),
        certificate_arn=certificate.arn,
        validation_record_fqdns=[each.fqdn for each in proofs],
        opts=site.opts(),
    ).certificate_arn


def _proof(
    site: Site, certificate: aws.acm.Certificate, wanted: Sequence[str], number: int
) -> aws.route53.Record:
    """Make the record by which ACM sees that one of the names is ours."""

    def part(which: str) -> pulumi.Output[str]:
        return certificate.domain_validation_options.apply(
            lambda options: str(getattr(_option(options, wanted, number), which, ""))
        )

    return aws.route53.Record(
        f"{site.name('proof')}-{wanted[number]}",
        zone_id=site.config.zone,
        name=part("resource_record_name"),
        type=part("resource_record_type"),
        records=[part("resource_record_value")],
        ttl=_TTL,
        opts=site.opts(),
    )


def _option(
    options: Sequence[_Option] | None, wanted: Sequence[str], number: int
) -> _Option | None:
    """Return what proves a name: ACM tells them in no fixed order, a rehearsal without names."""
    known = list(options or ())
    named = [each for each in known if each.domain_name == wanted[number]]
    return next(iter(named or known[number : number + 1]), None)


def make_failover(site: Site, front: Front) -> aws.route53.HealthCheck:
    """Make the check that repeats golden answers, and the record that goes away when it fails."""
    check = aws.route53.HealthCheck(
        site.name("ready"),
        reference_name=names.short(f"{site.config.name}-{CLOUD}", 27),
        type="HTTPS",
        fqdn=front.checked,
        port=443,
        resource_path=model_ready_path(site.config.model),
        request_interval=_INTERVAL,
        failure_threshold=_FAILURES,
        enable_sni=True,
        tags=site.tags,
        opts=site.opts(),
    )
    aws.route53.Record(
        site.name("failover"),
        zone_id=site.config.zone,
        name=names.domain(site.config),
        type="CNAME",
        ttl=_TTL,
        records=[front.target],
        set_identifier=f"{CLOUD}-first",
        health_check_id=check.id,
        failover_routing_policies=[aws.route53.RecordFailoverRoutingPolicyArgs(type="PRIMARY")],
        opts=site.opts(),
    )
    return check


def make_own_host(site: Site, host: str, target: Sequence[pulumi.Output[str]]) -> None:
    """Give a load balancer a host of its own: `target` is its name and its zone."""
    name, zone = target
    aws.route53.Record(
        site.name("host"),
        zone_id=site.config.zone,
        name=host,
        type="A",
        aliases=[aws.route53.RecordAliasArgs(name=name, zone_id=zone, evaluate_target_health=True)],
        opts=site.opts(),
    )
