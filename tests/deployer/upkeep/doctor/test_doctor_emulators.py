"""The doctor on the real emulators, which tell more of themselves than the strict fake does."""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from azure.storage.blob import BlobServiceClient, RetentionPolicy

from deployer.emulators import BUCKET, EngineName, Server, running
from tests.deployer.registry.cli_kit import World

pytestmark = pytest.mark.slow

ENGINES: dict[str, tuple[EngineName, str]] = {
    "aws": ("moto", f"s3://{BUCKET}"),
    "gcp": ("fake-gcs", f"gs://{BUCKET}"),
    "azure": ("azurite", f"az://devstoreaccount1/{BUCKET}"),
}


@pytest.fixture(scope="module")
def servers() -> Iterator[dict[str, Server]]:
    with contextlib.ExitStack() as stack:
        found = {name: stack.enter_context(running(kind)) for name, (kind, _) in ENGINES.items()}
        for server in found.values():
            server.create_bucket(BUCKET)
        yield found


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, servers: dict[str, Server]) -> World:
    world = World(tmp_path, monkeypatch)
    for name, (_, url) in ENGINES.items():
        world.setenv({**servers[name].environment(), f"DEPLOYER_CLOUDS_{name.upper()}_URL": url})
    return world


def examined(world: World) -> dict[str, dict[str, dict[str, Any]]]:
    ran = world.invoke("doctor", "-o", "json", "--read-only").ok()
    return {each["cloud"]: {c["check"]: c for c in each["checks"]} for each in json.loads(ran.out)}


def test_every_emulator(world: World) -> None:
    found = examined(world)
    for cloud in found.values():
        assert cloud["clock"]["grade"] == "good"
        assert cloud["access"]["grade"] == "good"
    assert found["aws"]["region"]["region"] == "us-east-1"
    assert found["aws"]["undo"]["versioning"] is False
    assert found["gcp"]["region"]["region"] == "US-CENTRAL1"
    assert "undo" not in found["azure"], "nothing is known of an account that says nothing"


@pytest.mark.parametrize(
    ("enabled", "days", "said"),
    [
        (True, 9, "deleted objects can be restored for 9 days"),
        (False, None, "what is deleted is gone"),
    ],
)
def test_soft_delete_is_seen(
    world: World, servers: dict[str, Server], enabled: bool, days: int | None, said: str
) -> None:
    text = servers["azure"].environment()["AZURE_STORAGE_CONNECTION_STRING"]
    with BlobServiceClient.from_connection_string(text) as service:
        service.set_service_properties(delete_retention_policy=RetentionPolicy(enabled, days))
    assert examined(world)["azure"]["undo"]["said"] == said


def test_versions_are_seen(world: World, servers: dict[str, Server]) -> None:
    variables = servers["aws"].environment()
    client = boto3.client("s3", endpoint_url=variables["AWS_ENDPOINT_URL_S3"])
    client.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    assert examined(world)["aws"]["undo"]["said"] == "old versions are kept"


def test_who_asks_by_sts(world: World, servers: dict[str, Server]) -> None:
    """With STS at the same place as S3, as on AWS, the caller has a name."""
    assert "arn:" not in examined(world)["aws"]["credentials"]["said"]
    world.setenv({"AWS_ENDPOINT_URL": servers["aws"].environment()["AWS_ENDPOINT_URL_S3"]})
    identity = examined(world)["aws"]["credentials"]["identity"]
    assert identity.startswith("arn:aws:sts::123456789012:")
