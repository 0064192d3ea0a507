"""What is kept of a request once it is answered: numbers and a line in the access log."""

import itertools
import re
import secrets
import time
from typing import TYPE_CHECKING

from deployer.serving.http.access_log import AccessLog
from deployer.serving.http.messages import Headers, Response
from deployer.serving.http.routes import Found

if TYPE_CHECKING:
    from deployer.serving.telemetry.metrics import Telemetry

__all__ = ["Account"]

_REQUEST_ID = re.compile(r"[\x21-\x7e]{1,128}\Z")


class Account:
    """Names requests, and keeps what is to be known of them.

    Args:
        telemetry: what is counted.
        log: takes a line of each; None for no log.

    """

    def __init__(self, telemetry: "Telemetry", log: AccessLog | None) -> None:
        self._telemetry = telemetry
        self._log = log
        self._prefix = secrets.token_hex(8)
        self._numbers = itertools.count()

    def name(self, headers: Headers) -> str:
        """Return the id of a request: its own, if that is one word of ASCII, else a new one."""
        given = headers.get("x-request-id")
        if given is not None and _REQUEST_ID.match(given):
            return given
        return f"{self._prefix}{next(self._numbers):016x}"

    def end(
        self,
        found: Found,
        response: Response,
        *,
        method: str,
        seconds: float,
        client: str,
        request_id: str,
        who: str,
    ) -> None:
        """Keep what is to be known of a request that was answered after `seconds`."""
        served = response.served
        name, digest = (found.model, "") if served is None else (served.name, served.digest)
        self._telemetry.end(
            route=found.route.template,
            method=method,
            status=response.status,
            seconds=seconds,
            model=name,
            rows=response.rows,
            error=response.error,
        )
        if self._log is not None:
            self._log.add(
                (
                    time.time() - seconds,
                    method,
                    found.route.template,
                    response.status,
                    seconds,
                    client,
                    request_id,
                    who,
                    # A name that nobody serves is the client's invention: long, or secret.
                    "" if served is None else name,
                    digest,
                    response.rows,
                )
            )
