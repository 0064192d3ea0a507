"""Routers to render, and their golden files.

``python -m tests.infra.router_kit`` writes the golden files anew; look at the difference before you
keep it.
"""

from pathlib import Path

from infra.router.dns import render_dns
from infra.router.envoy import render_envoy, render_envoy_files
from infra.router.haproxy import render_haproxy
from infra.router.model import Endpoint, Router

__all__ = ["DIGESTS", "GOLDEN", "ROUTERS", "golden_files", "two"]

GOLDEN = Path(__file__).parents[1] / "golden" / "router"
DIGESTS = ("a" * 64, "b" * 64)


def two(first: int = 8081, second: int = 8082, **fields: object) -> Router:
    """Return a router with a primary and a standby on loopback."""
    endpoints = (
        Endpoint("one", f"http://127.0.0.1:{first}", cloud="aws", region="eu-central-1"),
        Endpoint("two", f"http://127.0.0.1:{second}", "gcp", "europe-west3", priority=1),
    )
    return Router(**{"model": "penguins", "endpoints": endpoints, **fields})  # type: ignore[arg-type]


_CLOUDS = (
    Endpoint("aws", "https://penguins.aws.example.com", "aws", "us-east-1", 0, 100),
    Endpoint("gcp", "https://penguins.gcp.example.com", "gcp", "europe-west3", 0, 60),
    Endpoint("azure", "https://penguins.azure.example.com:8443", "azure", "germanywestcentral"),
    Endpoint("home", "http://[2001:db8::5]:8080", "", "", 3),
)

ROUTERS = {
    "two": two(),
    "digests": two(digests=DIGESTS),
    "clouds": Router(
        model="penguins",
        endpoints=_CLOUDS,
        mode="locality",
        host="::",
        region="europe-west3",
        per_try=0.4,
        timeout=1.2,
        dns_name="penguins.example.com",
    ),
    "canary": Router(
        model="penguins",
        endpoints=(
            Endpoint("one", "http://127.0.0.1:8081", weight=950),
            Endpoint("two", "http://127.0.0.1:8082", weight=50, canary=True),
            Endpoint("unproven", "http://127.0.0.1:8083", proven=False),
            Endpoint("abroad", "http://127.0.0.1:8084", resident=False),
        ),
        mode="weighted",
        digests=DIGESTS,
    ),
    "authorities": Router(
        model="penguins",
        endpoints=(
            Endpoint("aws", "https://penguins.aws.example.com", "aws", "eu-central-1"),
            Endpoint(
                "home",
                "https://penguins.example.com",
                "",
                "eu-home",
                1,
                ca_file="/etc/router/our.pem",
            ),
            Endpoint(
                "next",
                "https://penguins.example.com:8443",
                "",
                "eu-home",
                2,
                ca_file="/etc/router/other.pem",
            ),
        ),
        digests=DIGESTS,
    ),
    "addresses": Router(
        model="penguins",
        endpoints=(
            Endpoint("one", "https://192.0.2.1", "aws"),
            Endpoint("two", "https://192.0.2.2", "gcp", priority=1),
        ),
        dns_name="penguins.example.com",
    ),
}


def golden_files() -> dict[str, str]:
    """Return file name → text, of everything that is kept."""
    files: dict[str, str] = {}
    for name, router in ROUTERS.items():
        files[f"{name}.envoy.json"] = render_envoy(router)
        files[f"{name}.haproxy.cfg"] = render_haproxy(
            router, stats_socket="/run/router/haproxy.sock", expose=True
        )
    for file, text in render_envoy_files(ROUTERS["digests"], "/etc/router").items():
        files[f"digests.files.{file}"] = text
    files["clouds.route53.json"] = render_dns(ROUTERS["clouds"], "route53")
    files["addresses.route53.json"] = render_dns(ROUTERS["addresses"], "route53")
    files["addresses.traffic-manager.json"] = render_dns(ROUTERS["addresses"], "traffic-manager")
    files["addresses.cloud-dns.json"] = render_dns(ROUTERS["addresses"], "cloud-dns")
    return files


if __name__ == "__main__":
    GOLDEN.mkdir(parents=True, exist_ok=True)
    for file, text in golden_files().items():
        (GOLDEN / file).write_text(text, "utf-8")
