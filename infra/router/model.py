"""What a router is made from; plain and typed, so that rendering it is a pure function."""

from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from infra.router.checks import (
    check_authorities,
    check_digest,
    check_dns_name,
    check_label,
    check_listen,
    check_model,
    check_name,
    check_number,
    check_url,
)
from infra.router.errors import RouterError

__all__ = ["Endpoint", "Router"]

_MOST = 1_000_000
_MOST_ENDPOINTS = 128  # as many priorities as Envoy knows


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One server behind the router; what cannot be rendered safely raises RouterError.

    Attributes:
        name: unique among the router's endpoints.
        url: ``http://`` or ``https://``, a host and perhaps a port; nothing more.
        cloud: where it runs.
        region: where it is, such as ``eu-central-1``; "" if not known.
        priority: 0 is used first; the next only when those before are down.
        weight: share of its priority's requests, against the others'; 0 gets none.
        canary: whether it serves what is being tried.
        capacity: requests a second that it bears; None if not known.
        proven: whether its golden predictions were seen to equal the primary's; one that was not
            proven gets no requests.
        resident: whether the model's binding to regions allows it; one outside gets no requests.
        ca_file: absolute path of the certificates by which its own is judged; "" for those that the
            system trusts.

    """

    name: str
    url: str
    cloud: str = ""
    region: str = ""
    priority: int = 0
    weight: int = 100
    canary: bool = False
    capacity: float | None = None
    proven: bool = True
    resident: bool = True
    ca_file: str = ""

    def __post_init__(self) -> None:
        check_name(self.name)
        check_url(self.url, self.name)
        check_label(self.cloud, "cloud")
        check_label(self.region, "region")
        check_number(self.priority, f"the priority of {self.name}", 0, _MOST)
        check_number(self.weight, f"the weight of {self.name}", 0, _MOST)
        if self.capacity is not None:
            check_number(self.capacity, f"the capacity of {self.name}", 0, 1e9)
        if self.ca_file:
            check_authorities(self.ca_file, self.name, tls=self.tls)

    @property
    def tls(self) -> bool:
        """Whether it is reached over TLS."""
        return urlsplit(self.url).scheme == "https"

    @property
    def host(self) -> str:
        """Its host name or address."""
        return urlsplit(self.url).hostname or ""

    @property
    def port(self) -> int:
        """Its port."""
        return urlsplit(self.url).port or (443 if self.tls else 80)


@dataclass(frozen=True, slots=True)
class Router:
    """A router for one model; what cannot be rendered safely raises RouterError.

    Attributes:
        model: its name.
        endpoints: those behind it.
        mode: by priority, by weights alone, or the nearest first.
        host: IP address that it listens on.
        port: that it listens on.
        admin_port: of the proxy's own statistics, on loopback.
        region: where the router is, for locality.
        digests: hex SHA-256 of the manifests that may answer, the wanted one first; empty: any.
        per_try: seconds that one try may take.
        timeout: seconds for all tries together.
        peak: requests a second that must be borne; None if not known.
        dns_name: that DNS failover records are for; "" for none.

    """

    model: str
    endpoints: tuple[Endpoint, ...]
    mode: Literal["priority", "weighted", "locality"] = "priority"
    host: str = "127.0.0.1"
    port: int = 8000
    admin_port: int = 9901
    region: str = ""
    digests: tuple[str, ...] = ()
    per_try: float = 1.0
    timeout: float = 5.0
    peak: float | None = None
    dns_name: str = ""

    def __post_init__(self) -> None:
        check_model(self.model)
        check_listen(self.host, self.port, self.admin_port)
        check_label(self.region, "region")
        for digest in self.digests:
            check_digest(digest)
        check_number(self.per_try, "per_try", 0.001, 3600)
        check_number(self.timeout, "timeout", 0.001, 3600)
        if self.peak is not None:
            check_number(self.peak, "peak", 0, 1e9)
        if self.dns_name:
            check_dns_name(self.dns_name)
        names = [each.name for each in self.endpoints]
        if len(names) > _MOST_ENDPOINTS:
            raise RouterError(f"{len(names)} endpoints are more than {_MOST_ENDPOINTS}")
        for name in names:
            if names.count(name) > 1:
                raise RouterError(f"two endpoints are called {name}")
