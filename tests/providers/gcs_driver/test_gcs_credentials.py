"""Tokens for Cloud Storage: where they come from, and whom they are sent to."""

import json
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import urllib3.exceptions
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from providers.errors import ErrorKind
from providers.gcs import Account, GcsDriver, open_driver
from tests.fakes.server import StrictCloud
from tests.fakes.tls import self_signed
from tests.providers.gcs_driver.gcs_driver_kit import AWKWARD, BUCKET, kind_of, put, read, serving
from tests.providers.harness_servers import Emulators


class Tokens(BaseHTTPRequestHandler):
    """Google's token endpoint, in the place of which the key's ``token_uri`` names this."""

    answers: list[tuple[int, dict[str, object]]]
    asked: list[str]
    delay = 0.0

    def do_POST(self) -> None:
        self.asked.append(self.rfile.read(int(self.headers["content-length"])).decode())
        time.sleep(self.delay)
        code, answer = self.answers[min(len(self.asked), len(self.answers)) - 1]
        body = json.dumps(answer).encode()
        self.send_response(code)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture
def tokens() -> type[Tokens]:
    return type("Fresh", (Tokens,), {"answers": [token("good")], "asked": []})


def token(text: str) -> tuple[int, dict[str, object]]:
    return 200, {"access_token": text, "expires_in": 3600, "token_type": "Bearer"}


@pytest.fixture
def signed_in(
    tokens: type[Tokens], key: rsa.RSAPrivateKey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Sign in as a service account, whose key is in a file that a variable names."""
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    with serving(tokens) as endpoint:
        account = {
            "type": "service_account",
            "project_id": "project",
            "private_key_id": "1",
            "private_key": pem.decode(),
            "client_email": "robot@project.iam.gserviceaccount.com",
            "token_uri": f"{endpoint}/token",
        }
        path = tmp_path / "key.json"
        path.write_text(json.dumps(account))
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(path))
        monkeypatch.delenv("STORAGE_EMULATOR_HOST", raising=False)
        yield


@pytest.fixture
def secure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StrictCloud]:
    """Yield the fake behind TLS, under a certificate that a variable makes trusted."""
    context, certificate = self_signed(tmp_path)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    with StrictCloud(tls=context) as cloud:
        cloud.create_bucket("gcs", BUCKET)
        yield cloud


def test_strangers_certificates_are_refused(
    secure: StrictCloud, signed_in: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    driver = open_driver(BUCKET, endpoint=secure.gcs_endpoint)
    with pytest.raises(urllib3.exceptions.SSLError, match="certificate"):
        driver.head("key")
    assert secure.requests == []


@pytest.mark.usefixtures("signed_in")
def test_one_token_serves_all_threads(secure: StrictCloud, tokens: type[Tokens]) -> None:
    tokens.delay = 0.2
    driver = open_driver(BUCKET, endpoint=secure.gcs_endpoint)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: put(driver, f"key{number}"), range(16)))
    assert len(tokens.asked) == 1
    assert {entry.headers.get("authorization") for entry in secure.requests} == {"Bearer good"}


@pytest.mark.usefixtures("signed_in")
def test_large_bodies_cross_tls(secure: StrictCloud) -> None:
    driver = open_driver(BUCKET, endpoint=secure.gcs_endpoint)
    body = bytes(range(256)) * (8 * 4096)
    put(driver, "key", body)
    assert read(driver, "key")[1] == body
    assert secure.objects("gcs", BUCKET) == {"key": body}


@pytest.mark.usefixtures("signed_in")
@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (token("denied"), ErrorKind.PERMISSION_DENIED),
        (token("expired"), ErrorKind.UNAUTHENTICATED),
        ((400, {"error": "invalid_grant"}), ErrorKind.UNAUTHENTICATED),
    ],
)
def test_tokens_that_do_not_work(
    secure: StrictCloud,
    tokens: type[Tokens],
    answer: tuple[int, dict[str, object]],
    kind: ErrorKind,
) -> None:
    tokens.answers[:] = [answer]
    driver = open_driver(BUCKET, endpoint=secure.gcs_endpoint)
    assert kind_of(driver, lambda: put(driver, "key")) is kind
    assert kind_of(driver, lambda: read(driver, "key")) is kind
    assert secure.objects("gcs", BUCKET) == {}


@pytest.mark.usefixtures("signed_in")
def test_no_token_crosses_the_network_in_the_clear(
    cloud: StrictCloud, tokens: type[Tokens]
) -> None:
    driver = open_driver(BUCKET, endpoint=cloud.gcs_endpoint)
    put(driver, "key")
    assert "authorization" not in cloud.requests[-1].headers
    assert tokens.asked == []
    assert not driver.capabilities.presign


def test_credentials_are_looked_for_when_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("STORAGE_EMULATOR_HOST", raising=False)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "absent.json"))
    driver = open_driver(BUCKET)
    assert kind_of(driver, lambda: driver.head("key")) is ErrorKind.UNAUTHENTICATED
    assert not driver.capabilities.presign


@pytest.mark.usefixtures("signed_in")
def test_presigned_url(emulators: Emulators, key: rsa.RSAPrivateKey) -> None:
    server = emulators.server("fake-gcs")
    server.create_bucket(BUCKET)
    driver = GcsDriver(BUCKET, server.endpoint, Account(), timeout=5, connections=4)
    assert driver.capabilities.presign
    url = driver.presign(AWKWARD, expires=timedelta(minutes=5))
    put(open_driver(BUCKET, endpoint=server.endpoint), AWKWARD)
    with urllib.request.urlopen(url) as response:
        assert response.read() == b"0123456789"
    verify(url, key)


def verify(url: str, key: rsa.RSAPrivateKey) -> None:
    """Check the signature as the cloud does ("V4 signing process")."""
    parts = urlsplit(url)
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    assert query["X-Goog-Expires"] == "300"
    unsigned = parts.query.partition("&X-Goog-Signature=")[0]
    request = f"GET\n{parts.path}\n{unsigned}\nhost:{parts.netloc}\n\nhost\nUNSIGNED-PAYLOAD"
    digest = hashes.Hash(hashes.SHA256())
    digest.update(request.encode())
    scope = query["X-Goog-Credential"].partition("/")[2]
    text = f"GOOG4-RSA-SHA256\n{query['X-Goog-Date']}\n{scope}\n{digest.finalize().hex()}"
    signature = bytes.fromhex(query["X-Goog-Signature"])
    key.public_key().verify(signature, text.encode(), padding.PKCS1v15(), hashes.SHA256())
