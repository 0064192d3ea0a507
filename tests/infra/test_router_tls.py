"""Endpoints behind TLS: the right certificate is needed, and each is spoken to by its own name."""

import datetime as dt
import ssl
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from infra.router.envoy import render_envoy
from infra.router.haproxy import render_haproxy, server_names
from infra.router.model import Endpoint, Router
from tests.fakes.authority import Authority
from tests.infra.endpoint_kit import StandIn, free_port
from tests.infra.proxied_kit import OURS, Proxy, proxied
from tests.infra.proxies_kit import accepts_haproxy, envoy, haproxy, running, wait_for
from tests.infra.router_client_kit import INFER, Client

READY = "/v2/models/penguins/ready"
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


def command(proxy: str, router: Router, folder: Path) -> list[str]:
    if proxy == "envoy":
        path = folder / "envoy.json"
        path.write_text(render_envoy(router), "utf-8")
        return [envoy(), "-c", str(path), "--concurrency", "1", "--use-dynamic-base-id"]
    path = folder / "haproxy.cfg"
    path.write_text(render_haproxy(router), "utf-8")
    return [haproxy(), "-db", "-f", str(path)]


@contextmanager
def behind_tls(*contexts: ssl.SSLContext) -> Iterator[list[StandIn]]:
    """Run the servers one and two with these certificates."""
    servers: list[StandIn] = []
    try:
        for name, context in zip(("one", "two"), contexts, strict=True):
            servers.append(StandIn(name, OURS, context))
        yield servers
    finally:
        for server in servers:
            server.stop()


def noting(context: ssl.SSLContext, called: list[str]) -> ssl.SSLContext:
    """Return a context that notes by which names it is called."""
    context.sni_callback = lambda _, name, __: called.append(name or "")
    return context


def secured(authority: Path, *servers: StandIn) -> Router:
    endpoints = tuple(
        Endpoint(
            each.name, f"https://localhost:{each.port}", priority=level, ca_file=str(authority)
        )
        for level, each in enumerate(servers)
    )
    return Router("penguins", endpoints, "priority", "127.0.0.1", free_port(), free_port(),
                  digests=(OURS,))  # fmt: skip


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
        (Endpoint("one", f"https://localhost:{server.port}", ca_file=str(trusted)),),
        port=free_port(),
        admin_port=free_port(),
    )
    client = Client(router.port)
    try:
        with running(command(proxy, router, tmp_path), tmp_path / "log"):
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


@BOTH
@pytest.mark.parametrize("fault", ["name", "expired", "authority"])
def test_another_answers_for_one_that_does_not_prove_its_name(
    proxy: Proxy, fault: str, tmp_path: Path
) -> None:
    ours = Authority(tmp_path)
    signs = Authority(tmp_path, "other") if fault == "authority" else ours
    wrong = signs.context(
        "elsewhere.example" if fault == "name" else "localhost", expired=fault == "expired"
    )
    called: list[str] = []
    right = noting(ours.context("localhost"), called)
    with ExitStack() as stack:
        one, two = stack.enter_context(behind_tls(wrong, right))
        client = stack.enter_context(proxied(proxy, secured(ours.trusted, one, two), tmp_path))
        assert [client.ask().body["from"] for _ in range(20)] == ["two"] * 20
        wait_for(lambda: one.broken >= 2, "it was tried to speak with the first")
        assert not one.seen
        authority = f"localhost:{two.port}"
        assert two.headers[INFER]["host"] == authority
        wait_for(lambda: READY in two.headers, "the second is asked whether it is ready")
        assert two.headers[READY]["host"] == authority
        assert set(called) == {"localhost"}, "each connection names whom it is for"
        two.ready = False
        wait_for(lambda: client.status() == 503, "nobody is left")
        assert not one.seen


@BOTH
def test_each_endpoint_is_judged_by_its_own_authorities(proxy: Proxy, tmp_path: Path) -> None:
    first, second = Authority(tmp_path, "first"), Authority(tmp_path, "second")
    with behind_tls(first.context("localhost"), second.context("localhost")) as (one, two):
        router = secured(first.trusted, one, two)
        swapped = (router.endpoints[0], replace(router.endpoints[1], ca_file=str(second.trusted)))
        with proxied(proxy, replace(router, endpoints=swapped), tmp_path) as client:
            wait_for(lambda: client.ask().body["from"] == "one", "the first answers")
            wait_for(lambda: READY in two.headers, "the second is asked whether it is ready")
            one.ready = False
            wait_for(lambda: client.ask().body["from"] == "two", "the second takes over")


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
