"""A served folder whose callers show tokens of a real issuer, which answers over HTTPS alone."""

import hashlib
import hmac
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
import urllib3
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from deployer.serving.grpc.messages import INFERENCE, message
from tests.deployer.registry.cli_kit import World
from tests.deployer.serving.auth.issuer_kit import AUDIENCE, Issuer, issuing, public, unsigned
from tests.deployer.serving.run.serve_kit import MODEL, Server, infer_body, labels_of, until
from tests.fakes.authority import Authority

INFER = f"/v2/models/{MODEL}/infer"
SLOW = pytest.mark.slow  # the issuer is asked at most every ten seconds


@pytest.fixture
def authority(world: World) -> Authority:
    made = Authority(world.folder)
    world.setenv({"SSL_CERT_FILE": str(made.trusted)})
    return made


@pytest.fixture
def issuer(authority: Authority) -> Iterator[Issuer]:
    with issuing(authority.context("127.0.0.1")) as found:
        yield found


@pytest.fixture
def package(two_packages: tuple[Path, Path]) -> Path:
    return two_packages[0]


def serving(world: World, issuer: Issuer, package: Path) -> Server:
    world.settings(
        f'[serve]\nauth = "oidc"\noidc_issuer = "{issuer.url}"\noidc_audience = "{AUDIENCE}"\n'
    )
    return Server(world, f"{MODEL}={package}", "--auth", "oidc").ready()


class Callers:
    """Those who ask a server over REST and gRPC."""

    def __init__(self, server: Server, package: Path) -> None:
        self.server = server
        self.package = package
        self.shown: list[str] = []

    def rest(self, token: str | None) -> tuple[int, str]:
        """Return the status of a prediction, and what was said."""
        headers = {"content-type": "application/json", **self._bearer(token)}
        answer = urllib3.request(
            "POST", self.server.url + INFER, body=infer_body(self.package), headers=headers,
            retries=False, timeout=20,
        )  # fmt: skip
        if answer.status == 200:
            outputs = {each["name"]: each["data"] for each in answer.json()["outputs"]}
            assert outputs["label"] == labels_of(self.package)
            return 200, ""
        if answer.status == 401:
            assert answer.headers["www-authenticate"].startswith("Bearer")
        return answer.status, str(answer.json()["error"])

    def grpc(self, token: str | None) -> str:
        """Return the status of a prediction by gRPC."""
        asked = message("inference.ModelInferRequest")(model_name=MODEL)
        for each in json.loads(infer_body(self.package))["inputs"]:
            texts = each["datatype"] == "BYTES"
            one = asked.inputs.add(
                name=each["name"], datatype=each["datatype"], shape=each["shape"]
            )
            if texts:
                one.contents.bytes_contents.extend(cell.encode() for cell in each["data"])
            else:
                cells = [float("nan") if cell is None else cell for cell in each["data"]]
                one.contents.fp32_contents.extend(cells)
        address = str(self.server.said["grpc"]).rpartition("/")[2]
        with grpc.insecure_channel(address) as channel:
            call = channel.unary_unary(f"/{INFERENCE}/ModelInfer")
            try:
                content = call(
                    asked.SerializeToString(),
                    metadata=tuple(self._bearer(token).items()),
                    timeout=20,
                )
            except grpc.RpcError as error:
                return str(error.code().name)
        answer = message("inference.ModelInferResponse").FromString(content)
        found = {each.name: each for each in answer.outputs}["label"].contents.bytes_contents
        assert [each.decode() for each in found] == labels_of(self.package)
        return "OK"

    def log(self) -> list[dict[str, Any]]:
        """Return the access log's predictions."""
        lines = self.server.log.read_text("utf-8").splitlines()
        found = [json.loads(line) for line in lines if line.startswith('{"time"')]
        return [each for each in found if each["route"].lower().endswith("infer")]

    def check_that_no_token_was_written(self) -> None:
        text = self.server.log.read_text("utf-8")
        parts = {part for token in self.shown for part in token.split(".") if len(part) > 20}
        assert not [part for part in parts if part in text]

    def _bearer(self, token: str | None) -> dict[str, str]:
        if token is None:
            return {}
        self.shown.append(token)
        return {"authorization": f"Bearer {token}"}


def signed_with_the_public_key(issuer: Issuer) -> str:
    pem = issuer.rsa.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    header = {"alg": "HS256", "kid": "r1", "typ": "JWT"}
    text = unsigned(header, issuer.claims()).rpartition(".")[0]
    return unsigned(header, issuer.claims(), hmac.new(pem, text.encode(), hashlib.sha256).digest())


def new_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def test_only_tokens_of_the_issuer_for_us_are_answered(
    world: World, issuer: Issuer, package: Path
) -> None:
    now = int(issuer.claims()["iat"])
    wrong = {
        "none": None,
        "expired": issuer.token(issuer.claims(exp=now - 600, iat=now - 900)),
        "another audience": issuer.token(issuer.claims(aud="https://other.example")),
        "another issuer": issuer.token(issuer.claims(iss="https://127.0.0.1:1")),
        "another key": issuer.token(key=new_key()),
        "unsigned": unsigned({"alg": "none", "kid": "r1", "typ": "JWT"}, issuer.claims()),
        "the public key as a secret": signed_with_the_public_key(issuer),
    }
    with serving(world, issuer, package) as server:
        callers = Callers(server, package)
        assert issuer.asked == ["/.well-known/openid-configuration", "/keys"]
        for token in (issuer.token(), issuer.token(alg="ES256", kid="e1")):
            assert callers.rest(token) == (200, "")
            assert callers.grpc(token) == "OK"
        for what, shown in wrong.items():
            status, said = callers.rest(shown)
            assert (what, status) == (what, 401)
            assert not shown or shown not in said
            assert (what, callers.grpc(shown)) == (what, "UNAUTHENTICATED")
        count = 4 + 2 * len(wrong)
        until(lambda: len(callers.log()) == count, "every request is in the log")
        # REST and gRPC write each in its own order.
        log = Counter((each["status"], each.get("who")) for each in callers.log())
        assert log == {(200, "robot"): 4, (401, None): 2 * len(wrong)}
        # What is known goes on being believed when the issuer is gone.
        issuer.away = True
        assert callers.rest(issuer.token()) == (200, "")
        assert callers.grpc(issuer.token()) == "OK"
        callers.check_that_no_token_was_written()
        assert server.errors == ""


@SLOW
def test_a_new_key_is_believed_while_it_serves_and_a_withdrawn_one_is_not(
    world: World, issuer: Issuer, package: Path
) -> None:
    with serving(world, issuer, package) as server:
        callers = Callers(server, package)
        old, key = issuer.token(), new_key()
        assert callers.rest(old) == (200, "")
        issuer.keys[:] = [public(key, kid="r2", use="sig", alg="RS256")]
        token = issuer.token(key=key, kid="r2")
        seen: list[int] = []

        def believed() -> bool:
            seen.append(callers.rest(token)[0])
            return seen[-1] == 200

        until(believed, "the new key is fetched")
        assert set(seen) <= {200, 401, 503}
        assert callers.grpc(token) == "OK"
        assert callers.rest(old)[0] == 401
        assert callers.grpc(old) == "UNAUTHENTICATED"
        assert issuer.asked.count("/keys") == 2, "whoever makes up names asks the issuer for nobody"
        callers.check_that_no_token_was_written()


@pytest.mark.parametrize("why", [pytest.param("away", marks=SLOW), "untrusted"])
def test_without_the_issuer_it_starts_says_so_and_answers_once_it_is_there(
    world: World, issuer: Issuer, package: Path, why: str
) -> None:
    issuer.away = why == "away"
    if why == "untrusted":
        world.setenv({"SSL_CERT_FILE": str(Authority(world.folder, "other").trusted)})
    with serving(world, issuer, package) as server:
        callers = Callers(server, package)
        [line] = server.errors.splitlines()
        assert line.startswith(
            f"warning: no keys of {issuer.url} yet: its keys cannot be fetched: "
        )
        assert ("503" if why == "away" else "certificate verify failed") in line
        assert callers.rest(None)[0] == 401
        status, said = callers.rest(issuer.token())
        assert (status, "try again" in said) == (503, True)
        assert callers.grpc(issuer.token()) == "UNAVAILABLE"
        assert server.ask("/v2/health/ready").status == 200
        if why == "away":
            issuer.away = False
            until(lambda: callers.rest(issuer.token()) == (200, ""), "the keys are fetched")
            assert callers.grpc(issuer.token()) == "OK"
        else:
            assert issuer.asked == [], "an issuer that does not prove its name is told nothing"
