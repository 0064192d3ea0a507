"""AWS Lambda: ``deployer.serving.lambda_handler.handler`` answers function URLs and HTTP APIs.

Events are of payload format 2.0, which both send; bodies that are not text are in base64, and
names of headers in lower case:
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html

==================== ========================================================================
DEPLOYER_MODEL_DIR   folder of the model's package, in the image
DEPLOYER_MODEL_NAME  what it is called in paths; default is the folder's name
DEPLOYER_SERVE_…     settings, as ``deployer serve`` takes them
==================== ========================================================================
"""

import base64
import binascii
import hashlib
import os
import time
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from deployer.config import load
from deployer.errors import UsageError
from deployer.packaging.layout import MODEL_FILE
from deployer.packaging.load import load_package
from deployer.serving.auth.check import authenticator
from deployer.serving.http.access_log import AccessLog
from deployer.serving.http.account import Account
from deployer.serving.http.core import Core
from deployer.serving.http.messages import Response, broken, refusal, too_large
from deployer.serving.models import Models, Served
from deployer.serving.refusals import RefusedError, Status
from deployer.serving.telemetry.metrics import telemetry

__all__ = ["Function", "handler"]

FOLDER = "DEPLOYER_MODEL_DIR"
NAME = "DEPLOYER_MODEL_NAME"


class Function:
    """One container's model and what answers with it.

    Args:
        environment: the variables above.

    Raises:
        UsageError: no folder is named, a setting is wrong, or there is no API key.
        DeployerError: the package cannot be loaded, or does not repeat its golden answers.

    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        settings = load(environment).settings.serve
        self._telemetry = telemetry(settings, None)
        self._most = settings.max_body
        # AWS stops the process between two requests: lines are written before the answer is.
        self._log = AccessLog(thread=False) if settings.access_log else None
        self._account = Account(self._telemetry, self._log)
        checks = authenticator(settings, environment)
        started = time.perf_counter()
        served = _served(environment)
        models = Models()
        models.put(served)
        self._telemetry.loaded(served, time.perf_counter() - started)
        self._core = Core(models, settings, checks, self._telemetry, environment)

    def answer(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Return the response to one event."""
        begun = time.perf_counter()
        self._telemetry.begin()
        context = event.get("requestContext") or {}
        http = context.get("http") or {}
        method = str(http.get("method", ""))
        headers = {str(k).lower(): str(v) for k, v in (event.get("headers") or {}).items()}
        found = self._core.routes.find(_path(event, str(context.get("stage", ""))))
        who = ""
        try:
            who = self._core.admit(found, method, headers)
            body = self._body(event) if found.route.post else b""
            response = self._core.answer(found, headers, body)
        except RefusedError as error:
            response = refusal(error)
        except Exception as error:  # noqa: BLE001 - whatever it is, the client gets an answer
            response = broken(error)
        request_id = self._account.name(headers)
        response.headers.append(("x-request-id", request_id))
        self._account.end(
            found,
            response,
            method=method,
            seconds=time.perf_counter() - begun,
            client=str(http.get("sourceIp", "")),
            request_id=request_id,
            who=who,
        )
        if self._log is not None:
            self._log.flush()
        return _told(response)

    def _body(self, event: Mapping[str, Any]) -> bytes:
        given = event.get("body") or ""
        # Both forms are at least as long as what they stand for, times 3/4.
        if len(given) * 3 // 4 > self._most + 3:
            raise too_large(self._most)
        if not event.get("isBase64Encoded"):
            body = str(given).encode("utf-8", "surrogatepass")
        else:
            try:
                body = base64.b64decode(given, validate=True)
            except (binascii.Error, ValueError) as error:
                raise RefusedError(Status.BAD_REQUEST, "the body is not base64") from error
        if len(body) > self._most:
            raise too_large(self._most)
        return body


def _served(environment: Mapping[str, str]) -> Served:
    given = environment.get(FOLDER)
    if not given:
        raise UsageError(
            "no model is named", where=FOLDER, hint="set it to the folder of the model's package"
        )
    folder = Path(given)
    package = load_package(folder)
    digest = hashlib.sha256((folder / MODEL_FILE).read_bytes()).hexdigest()
    name = environment.get(NAME) or folder.resolve().name
    return Served(name, "", digest, package, str(folder), str(folder))


def _path(event: Mapping[str, Any], stage: str) -> str:
    """Return the decoded path; an API's stage comes first in it, unless that is the default one."""
    path = unquote(str(event.get("rawPath", "")))
    if stage and stage != "$default":
        path = path.removeprefix(f"/{stage}") if path.startswith(f"/{stage}/") else path
    return path


def _told(response: Response) -> dict[str, Any]:
    headers = dict(response.headers)
    # AWS manages the connections itself.
    headers.pop("connection", None)
    raw = headers.get("content-type") == "application/octet-stream"
    body = base64.b64encode(response.body).decode() if raw else response.body.decode()
    return {
        "statusCode": response.status,
        "headers": headers,
        "body": body,
        "isBase64Encoded": raw,
    }


@cache
def _function() -> Function:
    return Function(os.environ)


def handler(event: Mapping[str, Any], context: object) -> dict[str, Any]:
    """Answer one event; what AWS Lambda calls. The model is loaded once per container."""
    return _function().answer(event)
