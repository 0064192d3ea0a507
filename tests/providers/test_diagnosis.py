"""What drivers tell of their credentials and clocks, without a cloud."""

import base64
import json
import time
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest

from providers._azure_account import find_access
from providers._azure_diagnosis import AzureDiagnosis
from providers._azure_http import Http
from providers._gcs_diagnosis import GcsDiagnosis
from providers._gcs_http import Http as GcsHttp
from providers.diagnosis import date_of, diagnosis_of
from providers.faulty import FaultyDriver
from providers.memory import MemoryDriver
from providers.prefixed import PrefixedDriver


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"date": "Sun, 22 Nov 2026 15:10:28 GMT"}, datetime(2026, 11, 22, 15, 10, 28, tzinfo=UTC)),
        (
            {"date": "Sun, 22 Nov 2026 15:10:28 -0000"},
            datetime(2026, 11, 22, 15, 10, 28, tzinfo=UTC),
        ),
        ({"date": "now"}, None),
        ({"date": ""}, None),
        ({}, None),
    ],
)
def test_dates(headers: dict[str, str], expected: datetime | None) -> None:
    assert date_of(headers) == expected


def test_what_wraps_a_driver_tells_what_it_tells() -> None:
    driver = MemoryDriver()
    assert diagnosis_of(driver) is driver.diagnosis
    assert diagnosis_of(PrefixedDriver(FaultyDriver(driver), "a/")) is driver.diagnosis


def azure(environment: dict[str, str], token: Any = None) -> AzureDiagnosis:
    for name in ("AZURE_STORAGE_CONNECTION_STRING",):
        assert name not in environment
    access = find_access("acct", environment)
    http = cast(Http, None)
    return AzureDiagnosis("acct", "c", "https://x", http, access=access, token=token)


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AZURE_STORAGE_CONNECTION_STRING", raising=False)
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)


class TestAzure:
    def test_an_account_key(self) -> None:
        found = azure({"AZURE_STORAGE_KEY": "c2VjcmV0"}).credentials()
        assert (found.source, found.expires) == ("account key (AZURE_STORAGE_KEY)", None)
        assert "c2VjcmV0" not in repr(found)

    @pytest.mark.parametrize(
        ("end", "expires"),
        [
            ("2026-11-22T15%3A10%3A28Z", datetime(2026, 11, 22, 15, 10, 28, tzinfo=UTC)),
            ("2026-11-22", datetime(2026, 11, 22, tzinfo=UTC)),
            ("never", None),
        ],
    )
    def test_a_signature_ends(self, end: str, expires: datetime | None) -> None:
        token = f"?sv=2026-02-06&sp=rwl&se={end}&sig=hidden"
        found = azure({"AZURE_STORAGE_SAS_TOKEN": token}).credentials()
        assert (found.expires, found.renews) == (expires, False)
        assert "permissions rwl" in found.identity
        assert "hidden" not in repr(found)

    @pytest.mark.parametrize(
        ("claims", "identity"),
        [
            ({"upn": "ada@example.org", "oid": "1"}, "ada@example.org"),
            ({"appid": "a1", "oid": "1"}, "a1"),
            ({}, ""),
            (["no", "object"], ""),
        ],
    )
    def test_a_token_says_whose_it_is(self, claims: object, identity: str) -> None:
        body = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
        ends = int(time.time()) + 3600
        token = SimpleNamespace(token=f"head.{body}.sig", expires_on=ends)
        found = azure({}, SimpleNamespace(get_token=lambda _: token)).credentials()
        assert found.identity == identity
        assert found.expires == datetime.fromtimestamp(ends, UTC)
        assert body not in repr(found)

    def test_a_token_that_is_none(self) -> None:
        token = SimpleNamespace(token="opaque", expires_on=0)
        found = azure({}, SimpleNamespace(get_token=lambda _: token)).credentials()
        assert found.identity == ""


def test_a_service_account() -> None:
    asked = []

    class Account:
        credentials = SimpleNamespace(
            service_account_email="bot@p.iam.gserviceaccount.com",
            expiry=datetime(2026, 11, 22),  # noqa: DTZ001
        )

        def authorize(self, method: str, url: str, headers: dict[str, str]) -> None:
            asked.append(url)

    http = GcsHttp("https://storage.example", None, timeout=1, connections=1)
    found = GcsDiagnosis("models", http, Account()).credentials()
    assert found.identity == "bot@p.iam.gserviceaccount.com"
    assert found.expires == datetime(2026, 11, 22, tzinfo=UTC)
    assert asked == ["https://storage.example/storage/v1/b/models"]
