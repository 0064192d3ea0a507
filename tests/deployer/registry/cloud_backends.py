"""The three dialects, each on the strict fake and on emulators: one way to open them all."""

import os
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any
from unittest import mock

import pytest

from deployer.emulators import BUCKET as EMULATED
from deployer.emulators import EngineName
from deployer.registry.cloud import Cloud
from providers.open import open_store
from providers.store import StoreOptions
from tests.deployer.registry.dropping_proxy import DroppingProxy
from tests.deployer.registry.registry_kit import DIALECTS, strict_environment
from tests.fakes import StrictCloud
from tests.providers.harness_gaps import MOTO
from tests.providers.harness_servers import Emulators

__all__ = [
    "BACKENDS",
    "EMULATORS",
    "STRICT",
    "Backend",
    "emulated",
    "on_strict_fake",
    "opened",
    "proxy_of",
    "through",
]

CLOUD_OF: Mapping[EngineName, str] = {
    "seaweedfs": "aws",
    "localstack": "aws",
    "moto": "aws",
    "fake-gcs": "gcp",
    "azurite": "azure",
}
SCHEME = {"aws": "s3://", "gcp": "gs://", "azure": "az://devstoreaccount1/"}
GAP = MOTO["test_create_race"]
RACY = pytest.mark.xfail(reason=f"{GAP.reason} ({GAP.reference})", strict=not GAP.racy)

STRICT = tuple(f"strict-{cloud}" for cloud in DIALECTS)
EMULATORS: Sequence[Any] = [
    pytest.param(name, marks=[RACY] if name == "moto" else []) for name in CLOUD_OF
]
BACKENDS: Sequence[Any] = [*STRICT, *EMULATORS]
"""For `parametrize`; moto is the racy gap that tests/providers/harness_gaps.py says it is."""


@dataclass(frozen=True)
class Backend:
    """An empty store of one dialect.

    Attributes:
        cloud: aws, gcp or azure.
        environment: what points deployer and the SDKs at it.
        port: of the server; None if it is the fake, which needs no proxy.

    """

    cloud: str
    url: str
    environment: Mapping[str, str]
    port: int | None = None

    def open(self, **options: Any) -> Cloud:
        """Open it as another process would; the environment is needed no more then."""
        with mock.patch.dict(os.environ, self.environment):
            store = open_store(self.url, options=StoreOptions(**options))
            store.exists("anything")  # an SDK looks for its credentials with the first request
        return Cloud(self.cloud, store)

    @property
    def settings(self) -> dict[str, str]:
        """The environment of a `deployer` command that knows this cloud."""
        return {**self.environment, f"DEPLOYER_CLOUDS_{self.cloud.upper()}_URL": self.url}


def on_strict_fake(strict: StrictCloud, cloud: str, bucket: str) -> Backend:
    """Return a dialect of the fake as a backend."""
    return Backend(cloud, f"{SCHEME[cloud]}{bucket}", strict_environment(strict))


def emulated(emulators: Emulators, engine: EngineName) -> Backend:
    """Return a fresh prefix of an emulator; it fails, not skips, where its cloud is required."""
    cloud = CLOUD_OF[engine]
    try:
        server = emulators.server(engine)
    except pytest.skip.Exception as skipped:
        required = os.environ.get("DEPLOYER_TEST_REQUIRE", "").replace(" ", "").split(",")
        if DIALECTS[cloud] in required:
            pytest.fail(f"{DIALECTS[cloud]} is required by DEPLOYER_TEST_REQUIRE, but: {skipped}")
        raise
    url = f"{SCHEME[cloud]}{EMULATED}/{uuid.uuid4().hex}"
    return Backend(cloud, url, server.environment(), server.port)


@contextmanager
def opened(backend: Backend, **options: Any) -> Iterator[Cloud]:
    """Open a backend for the time of a ``with`` block."""
    cloud = backend.open(**options)
    try:
        yield cloud
    finally:
        cloud.store.close()


def through(backend: Backend, proxy: DroppingProxy) -> Backend:
    """Return the same place as its users see it through a proxy."""
    changed = {name: proxy.endpoint(value) for name, value in backend.environment.items()}
    return replace(backend, environment=changed)


def proxy_of(backend: Backend) -> DroppingProxy:
    """Return a proxy of an emulator."""
    assert backend.port is not None
    # fake-gcs-server serves downloads under its own name alone; nothing is signed there.
    return DroppingProxy(backend.port, rename=backend.cloud == "gcp")
