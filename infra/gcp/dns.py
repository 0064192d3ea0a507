"""The endpoint's certificate and its records in Cloud DNS.

The domain's own record names this endpoint alone. Failover between clouds is a routing policy over
addresses of all of them, which one cloud's program does not know: put what `infra.router.dns`
renders in place of the record; it is left as it is found then.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_gcp as gcp

from infra.gcp import names
from infra.gcp.site import Site

__all__ = ["Certificate", "make_certificate", "make_records"]

_TTL = 60


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """The certificate.

    Attributes:
        certificate: itself.
        proofs: records by which its issuer sees that the names are ours.

    """

    certificate: gcp.certificatemanager.Certificate
    proofs: Sequence[gcp.dns.RecordSet]


def make_certificate(site: Site) -> Certificate:
    """Make a certificate for the endpoint's own name and for the domain.

    Proven by records that stand beside those of other clouds, so that it is renewed while the
    domain points elsewhere: https://cloud.google.com/certificate-manager/docs/dns-authorizations
    """
    wanted = {"host": names.host(site.config), "domain": names.domain(site.config)}
    asked = {part: _authorization(site, part, name) for part, name in wanted.items()}
    proofs = [_proof(site, part, each) for part, each in asked.items()]
    certificate = gcp.certificatemanager.Certificate(
        site.name("front"),
        location=site.config.region,
        project=site.project,
        managed=gcp.certificatemanager.CertificateManagedArgs(
            domains=list(wanted.values()), dns_authorizations=[each.id for each in asked.values()]
        ),
        labels=site.labels,
        opts=site.opts(after=proofs),
    )
    return Certificate(certificate=certificate, proofs=proofs)


def _authorization(site: Site, part: str, name: str) -> gcp.certificatemanager.DnsAuthorization:
    return gcp.certificatemanager.DnsAuthorization(
        site.name(part),
        location=site.config.region,
        project=site.project,
        domain=name,
        type="PER_PROJECT_RECORD",
        labels=site.labels,
        opts=site.opts(),
    )


def _proof(
    site: Site, part: str, asked: gcp.certificatemanager.DnsAuthorization
) -> gcp.dns.RecordSet:
    def field(which: str) -> pulumi.Output[str]:
        # A rehearsal has no records.
        return asked.dns_resource_records.apply(
            lambda records: str(getattr(records[0], which, "")) if records else ""
        )

    return _record(site, f"{part}-proof", field("name"), field("type"), field("data"))


def make_records(site: Site, address: gcp.compute.Address) -> None:
    """Give the address the endpoint's own name, and the domain until somebody fails it over."""
    _record(site, "host", f"{names.host(site.config)}.", "A", address.address)
    _record(
        site,
        "domain",
        f"{names.domain(site.config)}.",
        "A",
        address.address,
        ignore=["rrdatas", "routingPolicy"],
    )


def _record(
    site: Site,
    part: str,
    name: pulumi.Input[str],
    kind: pulumi.Input[str],
    value: pulumi.Input[str],
    *,
    ignore: Sequence[str] = (),
) -> gcp.dns.RecordSet:
    return gcp.dns.RecordSet(
        site.name(part),
        managed_zone=site.config.zone.rpartition("/")[2],
        project=site.project,
        name=name,
        type=kind,
        ttl=_TTL,
        rrdatas=[value],
        opts=site.opts(ignore=ignore),
    )
