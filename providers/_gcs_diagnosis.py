"""What Cloud Storage tells of a bucket, its clock and the credentials in use.

Sources: "Buckets: get" and the Buckets resource (Cloud Storage JSON API); "Application Default
Credentials" for where credentials come from.
"""

import os
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Protocol

from providers._gcs_http import GcsError, Http, escape
from providers.diagnosis import Bucket, Credentials, date_of

__all__ = ["GcsDiagnosis"]

FILE = "GOOGLE_APPLICATION_CREDENTIALS"
FIELDS = "location,versioning,softDeletePolicy"
DAY = 86_400
_FORBIDDEN = (401, 403)
_SOURCES = {
    "google.auth.compute_engine": "metadata server",
    "google.auth.external_account": "workload identity federation",
    "google.auth.identity_pool": "workload identity federation",
    "google.auth.impersonated_credentials": "impersonated service account",
    "google.oauth2.credentials": "gcloud auth application-default login",
    "google.oauth2.service_account": "service account key",
}


class Account(Protocol):
    """What is needed of the driver's account."""

    @property
    def credentials(self) -> Any:
        """The SDK's credentials."""

    def authorize(self, method: str, url: str, headers: dict[str, str]) -> None:
        """Add a token to `headers`, a new one if it is time."""


class GcsDiagnosis:
    """The diagnosis of one bucket."""

    def __init__(self, bucket: str, http: Http, account: Account | None) -> None:
        self._path = f"/storage/v1/b/{escape(bucket)}"
        self._http = http
        self._account = account

    def credentials(self) -> Credentials:
        """Return whom a token is for; an emulator gets none."""
        if self._account is None:
            return Credentials("none", "an emulator needs none")
        found = self._account.credentials
        self._account.authorize("GET", self._http.endpoint + self._path, {})
        module = ".".join(type(found).__module__.split(".")[:3])
        source = _SOURCES.get(module, module)
        ends = getattr(found, "expiry", None)
        return Credentials(
            source=f"{source} ({FILE})" if os.environ.get(FILE) else source,
            identity=str(
                getattr(found, "service_account_email", None) or getattr(found, "account", "") or ""
            ),
            # The SDK's times are in UTC and do not say so.
            expires=ends.replace(tzinfo=UTC) if isinstance(ends, datetime) else None,
        )

    def server_time(self) -> datetime | None:
        """Return the time in an answer to a request without a token, mostly a refusal."""
        return date_of(self._http.knock(f"{self._path}?fields=name"))

    def bucket(self) -> Bucket:
        """Return what the bucket's resource says, if it may be read."""
        try:
            found = self._http.json("GET", self._path, {"fields": FIELDS}, bucket=True)
        except GcsError as error:
            if error.status in _FORBIDDEN:  # objects may be read by those who may not read this
                return Bucket()
            raise
        kept = 0
        with suppress(ValueError):
            kept = int(found.get("softDeletePolicy", {}).get("retentionDurationSeconds", 0)) // DAY
        return Bucket(
            region=found.get("location"),
            versioning=bool(found.get("versioning", {}).get("enabled")),
            retained=kept,
        )
