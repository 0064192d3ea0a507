"""Where the driver for S3 finds its credentials."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import ClassVar

import pytest

from providers.errors import ErrorKind
from providers.s3 import S3Driver, open_driver
from tests.fakes import Fault, StrictCloud, faults
from tests.providers.s3_driver.s3_driver_kit import kind_of, read


class TestCredentials:
    OPERATIONS: ClassVar[dict[str, Callable[[S3Driver], object]]] = {
        "put": lambda driver: driver.put("key", b"x", mode="create", metadata={}),
        "get": lambda driver: read(driver, "key"),
        "head": lambda driver: driver.head("key"),
        "list": lambda driver: [*driver.list("")],
        "start": lambda driver: driver.start_upload("key", metadata={}),
    }

    @pytest.mark.parametrize("op", OPERATIONS)
    @pytest.mark.parametrize(
        ("key", "secret", "kind"),
        [
            ("", "", ErrorKind.UNAUTHENTICATED),
            ("unknown", "test", ErrorKind.UNAUTHENTICATED),
            ("test", "wrong", ErrorKind.UNAUTHENTICATED),
            ("denied", "test", ErrorKind.PERMISSION_DENIED),
        ],
    )
    def test_refused(
        self,
        driver: S3Driver,
        cloud: StrictCloud,
        monkeypatch: pytest.MonkeyPatch,
        op: str,
        key: str,
        secret: str,
        kind: ErrorKind,
    ) -> None:
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", key)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", secret)
        assert kind_of(driver, lambda: self.OPERATIONS[op](driver)) is kind
        assert bool(cloud.requests) is bool(key)

    def test_unknown_profile(self, driver: S3Driver, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AWS_PROFILE", "absent")
        assert kind_of(driver, lambda: driver.head("key")) is ErrorKind.UNAUTHENTICATED

    @pytest.mark.parametrize("op", OPERATIONS)
    def test_expired(self, driver: S3Driver, cloud: StrictCloud, op: str) -> None:
        # HEAD is asked again as GET, to learn the reason.
        times = 2 if op == "head" else 1
        cloud.script(Fault(faults.expire_credentials(), count=times))
        assert kind_of(driver, lambda: self.OPERATIONS[op](driver)) is ErrorKind.UNAUTHENTICATED

    def test_session_token(
        self, driver: S3Driver, cloud: StrictCloud, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AWS_SESSION_TOKEN", "passing")
        driver.put("key", b"x", mode="create", metadata={})
        headers = cloud.requests[-1].headers
        assert headers["x-amz-security-token"] == "passing"
        assert "x-amz-security-token" in headers["authorization"]

    def test_renewal(
        self, cloud: StrictCloud, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        """Credentials about to expire are fetched again before the next request."""
        monkeypatch.delenv("AWS_ACCESS_KEY_ID")
        monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
        issued = tmp_path / "issued"
        (tmp_path / "config").write_text(f"[default]\ncredential_process = cat {issued}\n")

        def issue(key: str) -> None:
            soon = datetime.now(UTC) + timedelta(minutes=2)
            fields = {"Version": 1, "AccessKeyId": key, "SecretAccessKey": "test"}
            issued.write_text(json.dumps({**fields, "Expiration": soon.isoformat()}))

        issue("test")
        driver = open_driver("models", endpoint=cloud.s3_endpoint)
        driver.put("key", b"x", mode="create", metadata={})
        issue("denied")
        assert kind_of(driver, lambda: read(driver, "key")) is ErrorKind.PERMISSION_DENIED
        issue("test")
        assert read(driver, "key") == b"x"
