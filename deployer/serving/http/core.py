"""Requests to responses, whatever server or cloud they come through. No network in here."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import msgspec

from deployer.serving.auth.check import Authenticator
from deployer.serving.http.messages import JSON, Headers, Response
from deployer.serving.http.readiness import Readiness
from deployer.serving.http.routes import Action, Found, Routes
from deployer.serving.models import Models, Served
from deployer.serving.protocol.inference import infer
from deployer.serving.protocol.limits import Limits
from deployer.serving.protocol.metadata import model_metadata, server_metadata
from deployer.serving.protocol.openapi import document
from deployer.serving.protocol.plain import answer_plain
from deployer.serving.protocol.rest import decode_infer, encode_infer
from deployer.serving.refusals import RefusedError, Status
from deployer.serving.telemetry.tracing import NO_SPAN
from deployer.serving.tensors import InferRequest
from deployer.settings import ServeSettings
from infra.contract import DIGEST_HEADER, EXPECT_HEADER, READY_PATH

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from deployer.serving.telemetry.metrics import Telemetry
    from deployer.serving.telemetry.tracing import Span

__all__ = ["JSON_LENGTH", "Asked", "Core"]

_ENCODE = msgspec.json.Encoder().encode
_RAW = ("content-type", "application/octet-stream")
_INFER_TYPES = frozenset({"application/json", "application/octet-stream"})
JSON_LENGTH = "inference-header-content-length"
"""Header that says how much of a body is JSON, if raw tensors follow."""

Asked = bytes | InferRequest | RefusedError
"""A body, or what was read of one."""

_LONGEST_NAME = 256


class Core:
    """What answers requests.

    Args:
        models: that answer.
        settings: limits, and which routes are open.
        authenticator: who is answered.
        telemetry: what is counted.
        environment: names some routes; see `Routes`.

    """

    def __init__(
        self,
        models: Models,
        settings: ServeSettings,
        authenticator: Authenticator,
        telemetry: "Telemetry",
        environment: Mapping[str, str],
    ) -> None:
        self._models = models
        self._settings = settings
        self._authenticator = authenticator
        self._telemetry = telemetry
        self.limits = Limits(settings.max_rows, settings.max_depth)
        self._readiness = Readiness(models)
        self._document: tuple[tuple[str, ...], bytes] | None = None
        self.routes = Routes(settings.platform, environment)
        self._actions: dict[Action, Callable[[Found, Headers, bytes], Response]] = {
            "root": self._root,
            "openapi": self._openapi,
            "server": self._server,
            "live": self._live,
            "ready": self._ready,
            "list": self._list,
            "model": self._model,
            "model_ready": self._model_ready,
            "infer": self._infer,
            "sagemaker": self._plain,
            "vertex": self._plain,
            "azureml": self._plain,
        }

    def admit(self, found: Found, method: str, headers: Headers) -> str:
        """Check a request before its body is read.

        Returns:
            Who asks; "" if nobody needs to know.

        Raises:
            RefusedError: 401 or 403, no key or a wrong one; 404, no such route; 405; 415.

        """
        route = found.route
        who = ""
        if not route.open:
            who = self._authenticator.check(headers.get("authorization"), headers.get("x-api-key"))
        if route.action == "unknown":
            raise RefusedError(Status.NOT_FOUND, "no such path; see GET /openapi.json")
        if method not in route.methods:
            allowed = ", ".join(route.methods)
            raise RefusedError(
                Status.METHOD_NOT_ALLOWED,
                f"{route.template} takes {allowed}",
                (("allow", allowed),),
            )
        if route.post:
            self._check_type(found, headers)
        return who

    def _check_type(self, found: Found, headers: Headers) -> None:
        encoding = headers.get("content-encoding")
        if encoding is not None and encoding.strip().lower() != "identity":
            raise RefusedError(
                Status.UNSUPPORTED, "bodies are taken as they are: send no content-encoding"
            )
        if found.route.action == "infer":
            given = headers.get("content-type")
            if given is not None and given not in _INFER_TYPES:
                kind = given.partition(";")[0].strip().lower()
                if kind and kind not in _INFER_TYPES:
                    raise RefusedError(
                        Status.UNSUPPORTED, "send application/json or application/octet-stream"
                    )

    def answer(self, found: Found, headers: Headers, body: bytes) -> Response:
        """Return the response to a request that was admitted.

        Raises:
            RefusedError: the request cannot be answered.

        """
        return self._actions[found.route.action](found, headers, body)

    def _root(self, found: Found, headers: Headers, body: bytes) -> Response:
        facts = {
            "name": "deployer",
            "protocol": "https://github.com/kserve/open-inference-protocol",
            "models": [f"/v2/models/{each.name}" for each in self._models.all()],
            "openapi": "/openapi.json",
            "ready": READY_PATH,
        }
        return Response(200, [JSON], _ENCODE(facts))

    def _openapi(self, found: Found, headers: Headers, body: bytes) -> Response:
        models = self._models.all()
        digests = tuple(each.digest for each in models)
        if self._document is None or self._document[0] != digests:
            settings = self._settings
            text = document(models, auth=settings.auth, platform=settings.platform)
            self._document = (digests, text)
        return Response(200, [JSON], self._document[1])

    def _server(self, found: Found, headers: Headers, body: bytes) -> Response:
        return Response(200, [JSON], server_metadata())

    def _live(self, found: Found, headers: Headers, body: bytes) -> Response:
        return Response(200, [JSON], b'{"live":true}')

    def _ready(self, found: Found, headers: Headers, body: bytes) -> Response:
        return self._readiness.of_all(headers.get(EXPECT_HEADER) or "")

    def _list(self, found: Found, headers: Headers, body: bytes) -> Response:
        listed = [
            {"name": each.name, "version": each.version, "digest": f"sha256:{each.digest}"}
            for each in self._models.all()
        ]
        return Response(200, [JSON], _ENCODE({"models": listed}))

    def _model(self, found: Found, headers: Headers, body: bytes) -> Response:
        served = self._named(found, headers)
        return Response(
            200, [JSON, (DIGEST_HEADER, served.digest)], _ENCODE(model_metadata(served))
        )

    def _model_ready(self, found: Found, headers: Headers, body: bytes) -> Response:
        return self._readiness.of_one(self._named(found, headers))

    def _named(self, found: Found, headers: Headers) -> Served:
        if len(found.model) > _LONGEST_NAME or len(found.version) > _LONGEST_NAME:
            raise RefusedError(Status.NOT_FOUND, "no such model; see GET /v2/models")
        return self._models.get(found.model, found.version, headers.get(EXPECT_HEADER) or "")

    def _infer(self, found: Found, headers: Headers, body: bytes) -> Response:
        return self.infer(found, headers, body)

    def infer(
        self, found: Found, headers: Headers, asked: Asked, *, quick: bool = True
    ) -> Response:
        """Return the response to a request of the Open Inference Protocol.

        Args:
            found: its route.
            headers: its.
            asked: its body, or what was read of it.
            quick: read long lists of numbers with simdjson.

        Raises:
            RefusedError: the request cannot be answered.

        """
        served = self._named(found, headers)
        with self._span(found, headers, served) as span:
            try:
                if isinstance(asked, RefusedError):
                    raise asked
                if isinstance(asked, bytes):
                    asked = decode_infer(
                        asked,
                        json_length=_json_length(headers),
                        limits=self.limits,
                        quick=quick,
                    )
                answer = infer(served, asked, self.limits)
                text, length = encode_infer(answer.response)
            except RefusedError as error:
                raise _told_by(error, served) from error
            span.set_attribute("rows", answer.rows)
        told = answer.response
        if told.labels is not None:
            self._telemetry.inputs(served, answer.arrays, told.labels, told.places)
        sent = [JSON] if length is None else [_RAW, (JSON_LENGTH, str(length))]
        sent.append((DIGEST_HEADER, served.digest))
        return Response(200, sent, text, answer.rows, served)

    def _span(
        self, found: Found, headers: Headers, served: Served
    ) -> "AbstractContextManager[Span]":
        if not self._telemetry.traced:
            return NO_SPAN
        return self._telemetry.span(
            f"POST {found.route.template}",
            headers.get("traceparent"),
            model=served.name,
            digest=served.digest,
        )

    def _plain(self, found: Found, headers: Headers, body: bytes) -> Response:
        served = self._models.only()
        expected = headers.get(EXPECT_HEADER)
        if expected:
            served = self._models.get(served.name, expected=expected)
        action = found.route.action
        with self._span(found, headers, served) as span:
            try:
                answer = answer_plain(
                    served,
                    body,
                    platform=action,  # type: ignore[arg-type] # the table gives these alone
                    content_type=headers.get("content-type") or "",
                    accept=headers.get("accept") or "",
                    limits=self.limits,
                )
            except RefusedError as error:
                raise _told_by(error, served) from error
            span.set_attribute("rows", answer.rows)
        self._telemetry.inputs(served, answer.arrays, answer.labels, answer.places)
        sent = [("content-type", answer.content_type), (DIGEST_HEADER, served.digest)]
        return Response(200, sent, answer.body, answer.rows, served)


def _told_by(error: RefusedError, served: Served) -> RefusedError:
    """Return a refusal that says which model refused."""
    return RefusedError(
        error.status, error.message, (*error.headers, (DIGEST_HEADER, served.digest))
    )


def _json_length(headers: Headers) -> int | None:
    given = headers.get(JSON_LENGTH)
    if given is None:
        return None
    if not (given.isascii() and given.isdigit() and len(given) < 16):  # noqa: PLR2004
        raise RefusedError(Status.BAD_REQUEST, "Inference-Header-Content-Length is no number")
    return int(given)
