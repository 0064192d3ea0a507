"""Which server the driver for Cloud Storage asks."""

import subprocess
import sys
from urllib.parse import urlsplit

import pytest
import urllib3.exceptions

from providers._gcs_http import _manager
from providers.gcs import open_driver
from tests.fakes.server import StrictCloud
from tests.providers.gcs_driver.gcs_driver_kit import BUCKET, put, read


def test_the_emulators_variable(cloud: StrictCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    for value in (
        cloud.gcs_endpoint,
        f"{cloud.gcs_endpoint}/",
        urlsplit(cloud.gcs_endpoint).netloc,
    ):
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", value)
        driver = open_driver(BUCKET)
        put(driver, "key")
        assert read(driver, "key")[1] == b"0123456789"


def test_an_endpoint_given_goes_first(cloud: StrictCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", "http://127.0.0.1:1")
    driver = open_driver(BUCKET, endpoint=cloud.gcs_endpoint)
    put(driver, "key")
    assert cloud.objects("gcs", BUCKET) == {"key": b"0123456789"}


def test_the_clouds_own_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", "storage.internal")
    proxied = _manager("https://storage.googleapis.com", 1, 1)
    assert isinstance(proxied, urllib3.ProxyManager)
    assert proxied.proxy is not None
    assert proxied.proxy.host == "proxy.example"
    for direct in ("https://storage.internal", "http://storage.googleapis.com"):
        assert not isinstance(_manager(direct, 1, 1), urllib3.ProxyManager)


def test_importing_the_driver_is_cheap() -> None:
    code = (
        "import sys, providers.gcs; "
        "print([name for name in ('google.cloud.storage', 'requests', 'cryptography', 'grpc')"
        " if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
