"""Endpoints behind TLS: the right certificate is needed, and each is spoken to by its own name."""

import datetime as dt
import ssl
from dataclasses import replace
from pathlib import Path

import pytest

from infra.router.envoy import render_envoy
from infra.router.haproxy import render_haproxy, server_names
from infra.router.model import Endpoint, Router
from tests.infra.endpoint_kit import StandIn, free_port
from tests.infra.proxies_kit import accepts_haproxy, envoy, haproxy, running, wait_for
from tests.infra.router_client_kit import Client

BOTH = pytest.mark.parametrize("proxy", ["envoy", "haproxy"])


def certificate(folder: Path, name: str) -> Path:
    """Write a certificate that is its own authority, and its key, into one file."""
    x509 = pytest.importorskip("cryptography.x509")
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    encoding = serialization.Encoding.PEM
    private = key.private_bytes(
        encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = folder / f"{name}.pem"
    path.write_bytes(built.public_bytes(encoding) + private)
    return path


def command(proxy: str, router: Router, folder: Path, authority: Path) -> list[str]:
    if proxy == "envoy":
        path = folder / "envoy.json"
        path.write_text(render_envoy(router, ca_file=str(authority)), "utf-8")
        return [envoy(), "-c", str(path), "--concurrency", "1", "--use-dynamic-base-id"]
    path = folder / "haproxy.cfg"
    path.write_text(render_haproxy(router, ca_file=str(authority)), "utf-8")
    return [haproxy(), "-db", "-f", str(path)]


@BOTH
@pytest.mark.parametrize("fault", ["", "name", "authority"])
def test_only_an_endpoint_that_proves_its_name_is_used(
    proxy: str, fault: str, tmp_path: Path
) -> None:
    right = certificate(tmp_path, "localhost")
    own = certificate(tmp_path, "elsewhere.example") if fault == "name" else right
    trusted = certificate(tmp_path, "authority.example") if fault == "authority" else own
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(own)
    server = StandIn("one", tls=context)
    router = Router(
        "penguins",
        (Endpoint("one", f"https://localhost:{server.port}"),),
        port=free_port(),
        admin_port=free_port(),
    )
    client = Client(router.port)
    try:
        with running(command(proxy, router, tmp_path, trusted), tmp_path / "log"):
            if fault:
                wait_for(lambda: server.broken >= 2, "it was tried to speak with it")
                assert client.status() == 503
                assert not server.seen
            else:
                wait_for(client.answers, "it answers")
                seen = server.headers["/v2/models/penguins/infer"]
                assert seen["host"] == f"localhost:{server.port}"
                assert server.headers["/v2/models/penguins/ready"]["host"] == seen["host"]
    finally:
        server.stop()


def test_servers_are_called_by_their_hosts_where_these_must_be_sent(tmp_path: Path) -> None:
    endpoints = (
        Endpoint("one", "https://one.example.com"),
        Endpoint("two", "https://two.example.com:8443", priority=1),
        Endpoint("three", "http://192.0.2.3:80", priority=2),
    )
    router = Router("penguins", endpoints)
    assert dict(server_names(router)) == {
        "one": "one.example.com",
        "two": "two.example.com:8443",
        "three": "192.0.2.3",
    }
    text = render_haproxy(router)
    assert "http-send-name-header Host" in text
    accepts_haproxy(text, tmp_path)
    plain = replace(router, endpoints=endpoints[2:])
    assert dict(server_names(plain)) == {"three": "three"}
    assert "http-send-name-header" not in render_haproxy(plain)
