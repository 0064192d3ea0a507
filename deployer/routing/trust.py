"""Whose signatures on endpoints' certificates are believed, by the proxy and by who watches."""

import ssl
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from deployer.errors import UsageError
from infra.router.errors import RouterError
from infra.router.model import Endpoint, Router

__all__ = ["VARIABLE", "check_trust", "trusting"]

VARIABLE = "SSL_CERT_FILE"


def trusting(router: Router, environment: Mapping[str, str]) -> Router:
    """Return the router as it runs on this machine: ``SSL_CERT_FILE`` is believed by the proxy too.

    Proxies do not look at that variable, while all else here does: an endpoint would be found
    ready, and yet get no request through.

    Raises:
        UsageError: a file of authorities cannot be used; says which.

    """
    given = environment.get(VARIABLE, "")
    if given:
        path = str(Path(given).absolute())
        endpoints = tuple(_with(each, path) for each in router.endpoints)
        router = replace(router, endpoints=endpoints)
    check_trust(router)
    return router


def check_trust(router: Router) -> None:
    """Refuse files of authorities that are not there, or hold no certificate.

    Raises:
        UsageError: says which.

    """
    for each in router.endpoints:
        if not each.ca_file:
            continue
        try:
            ssl.create_default_context(cafile=each.ca_file)
        except OSError as error:
            raise UsageError(
                f"no certificates can be read from {each.ca_file}: {error.strerror or error}",
                where=f"[router.endpoints.{each.name}] ca_file, or {VARIABLE}",
                hint="name a file of certificates in PEM",
            ) from error


def _with(endpoint: Endpoint, path: str) -> Endpoint:
    if not endpoint.tls or endpoint.ca_file:
        return endpoint
    try:
        return replace(endpoint, ca_file=path)
    except RouterError as error:
        raise UsageError(str(error), where=VARIABLE, hint="move the file") from error
