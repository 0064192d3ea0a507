"""Who is answered."""

import sys
from collections.abc import Mapping
from typing import Protocol

from deployer.config import SERVE_KEYS
from deployer.serving.auth.key_file import keys_file
from deployer.serving.auth.keys import ApiKeys
from deployer.settings import ServeSettings

__all__ = ["Anybody", "Authenticator", "authenticator"]


class Authenticator(Protocol):
    """Decides who is answered."""

    def check(self, authorization: str | None, api_key: str | None) -> str:
        """Return who asks.

        Args:
            authorization: the header of that name, ``Bearer …``.
            api_key: the header ``X-API-Key``.

        Raises:
            RefusedError: 401, nobody known; 403, somebody who may not.

        """


class Anybody:
    """Answers all, and says so once."""

    def __init__(self) -> None:
        print(  # noqa: T201 - for the operator
            'warning: [serve] auth = "none": whoever reaches this server is answered',
            file=sys.stderr,
            flush=True,
        )

    def check(self, authorization: str | None, api_key: str | None) -> str:
        """Return nobody's name."""
        return ""


def authenticator(settings: ServeSettings, environment: Mapping[str, str]) -> Authenticator:
    """Return what decides who is answered.

    Raises:
        UsageError: nobody could be answered: there is no key.

    """
    if settings.auth == "none":
        return Anybody()
    if settings.auth == "oidc":
        from deployer.serving.auth.oidc import (  # noqa: PLC0415 - slow to import
            OidcTokens,
        )

        return OidcTokens(settings.oidc_issuer or "", settings.oidc_audience or "")
    return ApiKeys(keys_file(settings), environment.get(SERVE_KEYS, ""))
