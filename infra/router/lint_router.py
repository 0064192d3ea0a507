"""Lint of a router, before anything is rendered.

=====================  ========  =================================================================
rule                   severity  what is wrong
=====================  ========  =================================================================
no-endpoint            error     none may get requests
single-endpoint        error     there is nothing to fail over to
not-proven             warning   an endpoint's golden predictions were not seen to be the primary's
not-resident           warning   an endpoint is outside of where the model may be
canary-left-out        warning   a canary in a mode that sends none any requests
weight-zero            warning   an endpoint that is listed and never used
same-address           error     two endpoints are one server
retries-layered        error     an endpoint is a router, so that retries multiply
one-cloud              warning   all endpoints are in one cloud
one-region             warning   all endpoints are in one region
standby-too-small      error     what is left when the biggest falls cannot bear the load
timeout-too-short      error     no second try fits in the timeout
plain-http             warning   requests cross a network unencrypted
dns-only               warning   a DNS name, which must never be the only ring
dns-port               warning   DNS records cannot lead to an unusual port
=====================  ========  =================================================================
"""

import ipaddress
from collections.abc import Iterator, Sequence

from infra.router.checks import is_address
from infra.router.finding import Finding, error, warning
from infra.router.model import Endpoint, Router
from infra.router.plan import reason_out

__all__ = ["lint_router"]


def lint_router(router: Router) -> list[Finding]:
    """Return what is wrong with the router; empty if nothing is."""
    used = [each for each in router.endpoints if not reason_out(router, each)]
    return [
        *_left_out(router),
        *_few(router, used),
        *_same(router),
        *_layers(router),
        *_places(used),
        *_capacity(router, used),
        *_times(router),
        *_plain(used),
        *_dns(router, used),
    ]


def _left_out(router: Router) -> Iterator[Finding]:
    for each in router.endpoints:
        reason = reason_out(router, each)
        what = f"{each.name} gets no requests: {reason}"
        if not each.resident:
            yield warning("not-resident", what, "move it, or widen the model's residency")
        elif not each.proven:
            yield warning("not-proven", what, "see what `deployer router check` says of it")
        elif each.weight == 0:
            yield warning("weight-zero", what, "give it a weight, or remove it")
        elif reason:
            yield warning("canary-left-out", what, 'set mode = "weighted"')


def _few(router: Router, used: Sequence[Endpoint]) -> Iterator[Finding]:
    if not used:
        yield error(
            "no-endpoint",
            f"no endpoint of {router.model} may get requests",
            "see the other findings for why each is left out",
        )
    elif len(used) == 1:
        yield error(
            "single-endpoint",
            f"only {used[0].name} gets requests: there is nothing to fail over to",
            "add an endpoint, best on another cloud",
        )


def _same(router: Router) -> Iterator[Finding]:
    seen: dict[tuple[str, int], str] = {}
    for each in router.endpoints:
        other = seen.setdefault((each.host.casefold(), each.port), each.name)
        if other != each.name:
            yield error(
                "same-address",
                f"{other} and {each.name} are one server: {each.host}:{each.port}",
                "name each server once",
            )


def _layers(router: Router) -> Iterator[Finding]:
    listens = _any_address(router.host)
    for each in router.endpoints:
        here = each.host == router.host or (listens and _loopback(each.host))
        own_port = here and each.port == router.port
        own_name = bool(router.dns_name) and each.host.rstrip(".") == router.dns_name.rstrip(".")
        if own_port or own_name:
            yield error(
                "retries-layered",
                f"{each.name} is this router itself, or the name in front of it",
                "let endpoints be servers: retries at several layers multiply",
            )


def _places(used: Sequence[Endpoint]) -> Iterator[Finding]:
    if len(used) < 2:  # noqa: PLR2004 - one endpoint is another rule's
        return
    clouds = {each.cloud for each in used}
    if len(clouds) == 1 and clouds != {""}:
        cloud = clouds.pop()
        yield warning("one-cloud", f"all endpoints are on {cloud}", "add one on another cloud")
    regions = {each.region for each in used}
    if len(regions) == 1 and regions != {""} and len({each.cloud for each in used}) == 1:
        region = regions.pop()
        yield warning("one-region", f"all endpoints are in {region}", "add one elsewhere")


def _capacity(router: Router, used: Sequence[Endpoint]) -> Iterator[Finding]:
    known = [each.capacity for each in used if each.capacity is not None]
    if len(used) < 2 or len(known) < len(used):  # noqa: PLR2004 - as above
        return
    biggest = max(known)
    left = sum(known) - biggest
    load = biggest if router.peak is None else router.peak
    if left < load:
        whole = "its load" if router.peak is None else "the peak"
        yield error(
            "standby-too-small",
            f"without the biggest endpoint the others bear {left:g} requests/s, less than {whole} "
            f"of {load:g}",
            "make the standby as big as what it stands in for",
        )


def _times(router: Router) -> Iterator[Finding]:
    if router.per_try * 2 > router.timeout:
        yield error(
            "timeout-too-short",
            f"per_try {router.per_try:g} s leaves no time for a second try in {router.timeout:g} s",
            "let timeout be at least twice per_try",
        )


def _plain(used: Sequence[Endpoint]) -> Iterator[Finding]:
    for each in used:
        if not each.tls and not _private(each.host):
            yield warning(
                "plain-http",
                f"{each.name} is reached without TLS: keys and rows can be read on the way",
                "give it an https:// address",
            )


def _dns(router: Router, used: Sequence[Endpoint]) -> Iterator[Finding]:
    if not router.dns_name:
        return
    if _loopback(router.host):
        yield warning(
            "dns-only",
            f"{router.dns_name} leads past this router, which only this machine can reach; DNS "
            "alone fails over in minutes",
            "use DNS as the outer ring and a router that clients reach as the inner",
        )
    for each in used:
        if each.port != (443 if each.tls else 80):
            yield warning(
                "dns-port",
                f"{each.name} listens on {each.port}, which DNS records cannot say",
                "use port 443, or tell clients the port",
            )


def _any_address(host: str) -> bool:
    return ipaddress.ip_address(host).is_unspecified


def _loopback(host: str) -> bool:
    return host == "localhost" or (is_address(host) and ipaddress.ip_address(host).is_loopback)


def _private(host: str) -> bool:
    return host == "localhost" or (is_address(host) and ipaddress.ip_address(host).is_private)
