"""DNS failover records, as JSON that each cloud's interface takes: the outer ring, never the only one.

The endpoints' own hosts are the targets, in the router's order; clients then speak to them with
the DNS name, so each needs a certificate for it. Names say nothing of ports.

Worst case from an endpoint's death to the last client that has gone: the checks that must fail,
then the time to live of what resolvers remember. It is stated in a comment of each document. Some
clients keep an answer longer than they are told.

* Route 53: 3 checks of 10 s + 60 s to spread + 60 s to live = 150 s.
  https://docs.aws.amazon.com/Route53/latest/APIReference/API_ChangeResourceRecordSets.html,
  https://docs.aws.amazon.com/Route53/latest/APIReference/API_HealthCheckConfig.html
* Traffic Manager: 3 tolerated checks and one more of 10 s + 5 s + 60 s to live = 105 s.
  https://learn.microsoft.com/azure/traffic-manager/traffic-manager-monitoring and
  https://learn.microsoft.com/rest/api/trafficmanager/profiles/create-or-update
* Cloud DNS: 2 checks of 30 s + 10 s + 60 s to live = 130 s; health checks from chosen regions are no
  closer than 30 s. https://cloud.google.com/dns/docs/reference/rest/v1/resourceRecordSets and
  https://cloud.google.com/compute/docs/reference/rest/v1/healthChecks
"""

import json
from typing import Any, Literal

from infra.contract import model_ready_path
from infra.router.checks import is_address
from infra.router.errors import RouterError
from infra.router.model import Endpoint, Router
from infra.router.plan import place

__all__ = ["WORST_CASE", "Provider", "render_dns"]

Json = dict[str, Any]
Provider = Literal["route53", "traffic-manager", "cloud-dns"]

WORST_CASE: dict[Provider, int] = {"route53": 150, "traffic-manager": 105, "cloud-dns": 130}
"""Seconds until clients that keep to the records' time to live have left a dead endpoint."""

_TTL = 60


def render_dns(router: Router, provider: Provider) -> str:
    """Return the records and health checks of `router.dns_name`.

    Raises:
        NoEndpointError: no endpoint may get requests.
        RouterError: the router has no DNS name, has but one endpoint, or this cloud cannot check
            the health of such endpoints; says which.

    """
    if not router.dns_name:
        raise RouterError("the router has no DNS name to make records for")
    endpoints = [one.endpoint for one in place(router)]
    if len(endpoints) == 1:
        raise RouterError("DNS failover needs a second endpoint that may get requests")
    render = {"route53": _route53, "traffic-manager": _traffic_manager, "cloud-dns": _cloud_dns}
    return json.dumps(render[provider](router, endpoints), indent=2) + "\n"


def _comment(provider: Provider) -> str:
    return (
        f"Outer ring: a dead endpoint is left after at most {WORST_CASE[provider]} s. Never the "
        "only ring; keep the router in front of the endpoints, too."
    )


def _route53(router: Router, endpoints: list[Endpoint]) -> Json:
    """Return health checks to create, and a change batch that names them by their references.

    A failover pair has one primary and one secondary, so more endpoints make a chain: the
    secondary of each pair is a name with a pair of its own.
    """
    zone = router.dns_name.rstrip(".")
    checks = [
        {
            "CallerReference": f"{router.model}-{each.name}",
            "HealthCheckConfig": {
                "Type": "HTTPS" if each.tls else "HTTP",
                **({"IPAddress": each.host} if is_address(each.host) else {}),
                "FullyQualifiedDomainName": zone if is_address(each.host) else each.host,
                "Port": each.port,
                "ResourcePath": model_ready_path(router.model),
                "RequestInterval": 10,
                "FailureThreshold": 3,
                **({"EnableSNI": True} if each.tls else {}),
            },
        }
        for each in endpoints
    ]
    records: list[Json] = []
    for each in endpoints:
        if is_address(each.host):
            kind = "AAAA" if ":" in each.host else "A"
            records.append(_record(f"{each.name}.{zone}", kind, each.host))
    targets = [f"{each.name}.{zone}" if is_address(each.host) else each.host for each in endpoints]
    for level, each in enumerate(endpoints[:-1]):
        name = zone if level == 0 else f"failover-{level}.{zone}"
        last = level == len(endpoints) - 2
        rest = targets[-1] if last else f"failover-{level + 1}.{zone}"
        primary = {"Failover": "PRIMARY", "HealthCheckId": f"{router.model}-{each.name}"}
        secondary = {"Failover": "SECONDARY"}
        records.append(_record(name, "CNAME", targets[level], f"{each.name}-first", primary))
        records.append(_record(name, "CNAME", rest, f"{each.name}-else", secondary))
    return {
        "Comment": "Create the health checks first; put their ids in place of the references that "
        "HealthCheckId holds here. A CNAME cannot be the top of a zone.",
        "HealthChecks": checks,
        "ChangeBatch": {
            "Comment": _comment("route53"),
            "Changes": [{"Action": "UPSERT", "ResourceRecordSet": each} for each in records],
        },
    }


def _record(
    name: str, kind: str, value: str, identifier: str = "", failover: Json | None = None
) -> Json:
    return {
        "Name": f"{name}.",
        "Type": kind,
        **({"SetIdentifier": identifier} if identifier else {}),
        **(failover or {}),
        "TTL": _TTL,
        "ResourceRecords": [{"Value": value}],
    }


def _traffic_manager(router: Router, endpoints: list[Endpoint]) -> Json:
    """Return a profile; it checks all its endpoints by one scheme and port."""
    if len({(each.tls, each.port) for each in endpoints}) > 1:
        raise RouterError(
            "Traffic Manager checks all endpoints by one scheme and port, and these have several"
        )
    weighted = router.mode == "weighted"
    return {
        "location": "global",
        "tags": {"comment": _comment("traffic-manager")},
        "properties": {
            "profileStatus": "Enabled",
            "trafficRoutingMethod": "Weighted" if weighted else "Priority",
            "dnsConfig": {"relativeName": router.dns_name.split(".")[0], "ttl": _TTL},
            "monitorConfig": {
                "protocol": "HTTPS" if endpoints[0].tls else "HTTP",
                "port": endpoints[0].port,
                "path": model_ready_path(router.model),
                "intervalInSeconds": 10,
                "timeoutInSeconds": 5,
                "toleratedNumberOfFailures": 3,
                "expectedStatusCodeRanges": [{"min": 200, "max": 200}],
            },
            "endpoints": [
                {
                    "name": each.name,
                    "type": "Microsoft.Network/trafficManagerProfiles/externalEndpoints",
                    "properties": {
                        "target": each.host,
                        "endpointStatus": "Enabled",
                        **(
                            {"weight": max(1, min(each.weight, 1000))}
                            if weighted
                            else {"priority": rank}
                        ),
                    },
                }
                for rank, each in enumerate(endpoints, 1)
            ],
        },
    }


def _cloud_dns(router: Router, endpoints: list[Endpoint]) -> Json:
    """Return a record set with a failover policy, and the health check that it names."""
    named = [each.name for each in endpoints if not is_address(each.host)]
    if named:
        raise RouterError(f"Cloud DNS checks the health of addresses alone, not of {named[0]}")
    if len({(":" in each.host, each.tls, each.port) for each in endpoints}) > 1:
        raise RouterError(
            "Cloud DNS checks all endpoints by one scheme, port and kind of address, and these "
            "have several"
        )
    first, rest = endpoints[0], endpoints[1:]
    scheme = "https" if first.tls else "http"
    check = f"{router.model}-ready".replace(".", "-").replace("_", "-")
    backup = {
        # Any region will do for the last resort: it is used from everywhere.
        "location": "us-east1",
        "healthCheckedTargets": {"externalEndpoints": [each.host for each in rest]},
    }
    return {
        "comment": f"{_comment('cloud-dns')} Put your project in place of PROJECT.",
        "healthCheck": {
            "name": check,
            "type": scheme.upper(),
            "checkIntervalSec": 30,
            "timeoutSec": 10,
            "unhealthyThreshold": 2,
            "healthyThreshold": 2,
            "sourceRegions": ["us-east1", "europe-west1", "asia-southeast1"],
            f"{scheme}HealthCheck": {
                "port": first.port,
                "host": router.dns_name.rstrip("."),
                "requestPath": model_ready_path(router.model),
            },
        },
        "resourceRecordSet": {
            "name": f"{router.dns_name.rstrip('.')}.",
            "type": "AAAA" if ":" in first.host else "A",
            "ttl": _TTL,
            "routingPolicy": {
                "healthCheck": f"projects/PROJECT/global/healthChecks/{check}",
                "primaryBackup": {
                    "primaryTargets": {"externalEndpoints": [first.host]},
                    "backupGeoTargets": {"items": [backup]},
                    "trickleTraffic": 0,
                },
            },
        },
    }
