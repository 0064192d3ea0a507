"""Every engine answers the SDK of its cloud, keeps its data when asked, and leaves nothing."""

from collections.abc import Callable
from pathlib import Path

import boto3
import pytest
from azure.storage.blob import BlobServiceClient
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage

from deployer.emulators import BUCKET, EngineName, Server, running, start
from deployer.emulators.loopback import request
from deployer.emulators.process import poll_until
from deployer.errors import FailedError

BODY = b"model" * 1000
KEY = "penguins/1/model.onnx"


def s3_round_trip(server: Server) -> bytes:
    variables = server.environment()
    client = boto3.client(
        "s3",
        endpoint_url=variables["AWS_ENDPOINT_URL_S3"],
        region_name=variables["AWS_REGION"],
        aws_access_key_id=variables["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
    )
    client.put_object(Bucket=BUCKET, Key=KEY, Body=BODY)
    return bytes(client.get_object(Bucket=BUCKET, Key=KEY)["Body"].read())


def gcs_round_trip(server: Server) -> bytes:
    client = storage.Client(
        project="deployer",
        credentials=AnonymousCredentials(),
        client_options={"api_endpoint": server.environment()["STORAGE_EMULATOR_HOST"]},
    )
    blob = client.bucket(BUCKET).blob(KEY)
    blob.upload_from_string(BODY)
    return bytes(blob.download_as_bytes())


def azure_round_trip(server: Server) -> bytes:
    text = server.environment()["AZURE_STORAGE_CONNECTION_STRING"]
    with BlobServiceClient.from_connection_string(text) as service:
        blob = service.get_blob_client(BUCKET, KEY)
        blob.upload_blob(BODY, overwrite=True)
        return bytes(blob.download_blob().readall())


ROUND_TRIPS: dict[EngineName, Callable[[Server], bytes]] = {
    "moto": s3_round_trip,
    "localstack": s3_round_trip,
    "seaweedfs": s3_round_trip,
    "fake-gcs": gcs_round_trip,
    "gcp-storage-emulator": gcs_round_trip,
    "azurite": azure_round_trip,
}
SLOW = {"localstack"}


@pytest.mark.parametrize(
    "engine",
    [
        pytest.param(name, marks=pytest.mark.slow if name in SLOW else [], id=name)
        for name in ROUND_TRIPS
    ],
)
def test_answers_its_sdk_and_leaves_nothing(engine: EngineName) -> None:
    with running(engine) as server:
        assert server.healthy
        assert server.record.version not in ("", "unknown")
        assert ROUND_TRIPS[engine](server) == BODY
        server.create_bucket(BUCKET)
        folder = Path(server.record.folder)
    assert not server.alive
    assert not folder.exists()
    assert not [path for path in server.record.litter if Path(path).exists()]


@pytest.mark.parametrize(
    ("engine", "url"),
    [
        ("fake-gcs", "{0.endpoint}/storage/v1/b/" + BUCKET + "/o/kept?alt=media"),
        pytest.param("seaweedfs", "{0.endpoint}/" + BUCKET + "/kept", marks=pytest.mark.slow),
    ],
)
def test_keeps_its_data_over_a_crash(engine: EngineName, url: str, tmp_path: Path) -> None:
    server = start(engine, tmp_path)
    try:
        if engine == "seaweedfs":
            request("PUT", url.format(server), body=BODY)
        else:
            media = f"{server.endpoint}/upload/storage/v1/b/{BUCKET}/o?uploadType=media&name=kept"
            request("POST", media, body=BODY)
    finally:
        server.kill()
    assert not server.alive
    again = start(engine, tmp_path, port=server.port)
    try:
        assert again.port == server.port
        answer = request("GET", url.format(again))
        assert answer is not None
        assert answer.body == BODY
    finally:
        again.kill()
        for one in (server, again):
            one.stop()
    assert any(tmp_path.iterdir())


def test_azurite_keeps_its_data(tmp_path: Path) -> None:
    with running("azurite", tmp_path) as server:
        assert azure_round_trip(server) == BODY
    with running("azurite", tmp_path) as server:
        text = server.environment()["AZURE_STORAGE_CONNECTION_STRING"]
        with BlobServiceClient.from_connection_string(text) as service:
            assert service.get_blob_client(BUCKET, KEY).download_blob().readall() == BODY


def test_moto_never_touches_a_data_folder(tmp_path: Path) -> None:
    with running("moto", tmp_path) as server:
        assert not server.record.keep
    assert list(tmp_path.iterdir()) == []


def test_a_taken_port_is_an_error_even_if_the_other_server_is_healthy() -> None:
    with running("fake-gcs") as first:
        with pytest.raises(FailedError, match=r"ended while it started: .*in use"):
            start("fake-gcs", port=first.port)
        assert first.healthy


def test_two_of_the_same_kind() -> None:
    with running("fake-gcs") as one, running("fake-gcs") as other:
        assert one.endpoint != other.endpoint
        assert one.healthy
        assert other.healthy


def test_stopping_twice_and_after_a_kill() -> None:
    server = start("fake-gcs")
    server.kill()
    assert poll_until(lambda: not server.alive, 60)
    assert Path(server.record.folder).exists()
    server.stop()
    server.stop()
    assert not Path(server.record.folder).exists()
