"""A driver on the strict fake, without configuration of the user's."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from providers.s3 import S3Driver, open_driver
from tests.fakes import StrictCloud


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Leave nothing of the user's own configuration but what a test sets."""
    for name in list(os.environ):
        if name.startswith("AWS_") or name in {"REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"}:
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")


@pytest.fixture
def cloud() -> Iterator[StrictCloud]:
    with StrictCloud() as cloud:
        cloud.create_bucket("s3", "models")
        yield cloud


@pytest.fixture
def driver(cloud: StrictCloud) -> Iterator[S3Driver]:
    driver = open_driver("models", endpoint=cloud.s3_endpoint, timeout=5)
    yield driver
    driver.close()
