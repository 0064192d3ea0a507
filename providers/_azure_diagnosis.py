"""What Azure tells of an account, its clock and the credentials in use.

Sources: "Get Blob Service Properties" for soft delete; "Create an account SAS" for ``se``, the
end of a signature; "Access token claims reference" (Microsoft identity platform). Where an account
is and whether it keeps versions only Azure's management interface tells, which needs other rights.
"""

import base64
import binascii
import json
import os
import re
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from providers._azure_account import CONNECTION, Access
from providers._azure_http import SCOPE, Http, RefusedError
from providers.diagnosis import Bucket, Credentials, date_of

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

__all__ = ["AzureDiagnosis"]

_RETENTION = re.compile(rb"<DeleteRetentionPolicy>(.*?)</DeleteRetentionPolicy>", re.DOTALL)
_DAYS = re.compile(rb"<Days>([0-9]+)</Days>")
_WHO = ("upn", "unique_name", "preferred_username", "appid", "oid")


class AzureDiagnosis:
    """The diagnosis of one container."""

    def __init__(
        self,
        account: str,
        container: str,
        endpoint: str,
        http: Http,
        *,
        access: Access,
        token: "TokenCredential | None",
    ) -> None:
        self._account = account
        self._container = container
        self._endpoint = endpoint
        self._http = http
        self._access = access
        self._token = token

    def credentials(self) -> Credentials:
        """Return whose key, signature or token is in use."""
        named = CONNECTION if os.environ.get(CONNECTION) else "AZURE_STORAGE"
        if self._token is not None:
            return self._of_token(self._token)
        if self._access.key:
            source = named if named == CONNECTION else "AZURE_STORAGE_KEY"
            return Credentials(f"account key ({source})", f"storage account {self._account}")
        source = named if named == CONNECTION else "AZURE_STORAGE_SAS_TOKEN"
        asked = parse_qs(self._access.signature or "")
        return Credentials(
            f"shared access signature ({source})",
            f"storage account {self._account}, permissions {asked.get('sp', ['of a policy'])[0]}",
            expires=_moment(asked.get("se", [""])[0]),
            renews=False,
        )

    def _of_token(self, credential: "TokenCredential") -> Credentials:
        found = credential.get_token(SCOPE)
        claims = _claims(found.token)
        # The SDK's own name for the link of its chain that had a token.
        link = getattr(credential, "_successful_credential", None) or credential
        return Credentials(
            type(link).__name__,
            next((str(claims[name]) for name in _WHO if claims.get(name)), ""),
            expires=datetime.fromtimestamp(found.expires_on, UTC),
        )

    def server_time(self) -> datetime | None:
        """Return the time in an answer to a request without credentials, mostly a refusal."""
        return date_of(self._http.knock(f"{self._endpoint}/{self._container}?restype=container"))

    def bucket(self) -> Bucket:
        """Return how long deleted objects are kept, if that may be asked."""
        with suppress(RefusedError):
            answer = self._http.send(
                "GET", f"{self._endpoint}/?restype=service&comp=properties", {}
            )
            policy = _RETENTION.search(answer.internal_response.content)
            if policy:
                days = _DAYS.search(policy[1]) if b"<Enabled>true<" in policy[1] else None
                return Bucket(retained=int(days[1]) if days else 0)
        return Bucket()


def _claims(token: str) -> dict[str, Any]:
    """Return what a token says of itself; unverified, for that is the server's business."""
    with suppress(ValueError, IndexError, binascii.Error):
        body = token.split(".")[1]
        found = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
        if isinstance(found, dict):
            return found
    return {}


def _moment(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
