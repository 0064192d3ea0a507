"""An OpenID Connect issuer on loopback, and tokens good and bad."""

import base64
import json
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa

__all__ = ["AUDIENCE", "Issuer", "issuing", "unsigned"]

AUDIENCE = "https://penguins.example"


@cache
def _private_keys() -> tuple[Any, Any]:
    made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return made, ec.generate_private_key(ec.SECP256R1())


class Issuer:
    """What the issuer has and says; change it at will."""

    def __init__(self) -> None:
        self.url = ""
        self.rsa, self.ec = _private_keys()
        self.keys = [
            public(self.rsa, kid="r1", use="sig", alg="RS256"),
            public(self.ec, kid="e1", use="sig"),
        ]
        self.configuration: dict[str, Any] = {}
        self.away = False
        self.garbles = b""
        self.asked: list[str] = []
        self.answers = threading.Event()
        self.answers.set()

    def claims(self, **changes: Any) -> dict[str, Any]:
        now = int(time.time())
        base = {"iss": self.url, "aud": AUDIENCE, "sub": "robot", "exp": now + 300, "iat": now}
        return {key: value for key, value in (base | changes).items() if value is not None}

    def token(
        self,
        claims: dict[str, Any] | None = None,
        *,
        key: Any = None,
        alg: str = "RS256",
        kid: str | None = "r1",
        **headers: Any,
    ) -> str:
        key = key or (self.rsa if alg.startswith(("RS", "PS")) else self.ec)
        told = {**headers, **({"kid": kid} if kid else {})}
        # Not jwt.encode, which refuses to sign what is wrong.
        body = json.dumps(claims or self.claims()).encode()
        return str(jwt.PyJWS().encode(body, key, algorithm=alg, headers={"typ": "JWT", **told}))

    def documents(self) -> dict[str, Any]:
        return {
            "/.well-known/openid-configuration": {
                "issuer": self.url,
                "jwks_uri": f"{self.url}/keys",
                **self.configuration,
            },
            "/keys": {"keys": self.keys},
            "/elsewhere": {"issuer": self.url, "jwks_uri": f"{self.url}/keys"},
        }


def public(key: Any, **more: Any) -> dict[str, Any]:
    algorithm = (
        jwt.algorithms.RSAAlgorithm
        if isinstance(key, rsa.RSAPrivateKey)
        else jwt.algorithms.ECAlgorithm
    )
    return {**json.loads(algorithm.to_jwk(key.public_key())), **more}


def unsigned(header: dict[str, Any], claims: dict[str, Any], signature: bytes = b"") -> str:
    """Return a token as somebody without a key would make it."""
    parts = [json.dumps(header).encode(), json.dumps(claims).encode(), signature]
    return ".".join(base64.urlsafe_b64encode(each).rstrip(b"=").decode() for each in parts)


@contextmanager
def issuing(tls: ssl.SSLContext | None = None) -> Iterator[Issuer]:
    """Run an issuer, over HTTPS if it is given a context."""
    issuer = Issuer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            issuer.asked.append(self.path)
            issuer.answers.wait(20)
            if issuer.garbles:
                self.wfile.write(issuer.garbles)
                return
            document = issuer.documents().get(self.path)
            if issuer.away or document is None:
                self.send_error(503 if issuer.away else 404)
                return
            if isinstance(document, dict) and "redirect" in document:
                self.send_response(302)
                self.send_header("location", document["redirect"])
                self.end_headers()
                return
            body = json.dumps(document).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    issuer.url = f"{'https' if tls else 'http'}://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield issuer
    finally:
        issuer.answers.set()
        server.shutdown()
        thread.join(10)
        server.server_close()
