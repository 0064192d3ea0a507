"""SDK clients of a strict fake, and how each SDK tells a refusal."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from azure.core.exceptions import HttpResponseError
from azure.storage.blob import BlobServiceClient
from botocore.config import Config
from botocore.exceptions import ClientError
from google.api_core.exceptions import GoogleAPICallError
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fakes import StrictCloud

BUCKET = "models"
_session = boto3.Session()


def s3_client(cloud: StrictCloud, *, attempts: int = 1, key: str = "test", **more: Any) -> Any:
    """boto3; `attempts` counts the first one, so 1 turns its retries off."""
    config = Config(
        signature_version="s3v4",
        s3={"addressing_style": "path"},
        retries={"mode": "standard", "total_max_attempts": attempts},
        read_timeout=more.pop("read_timeout", 30),
        max_pool_connections=16,
    )
    secret = more.pop("secret", "test")
    return _session.client(
        "s3",
        endpoint_url=cloud.s3_endpoint,
        region_name="us-east-1",
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        config=config,
        **more,
    )


def gcs_bucket(cloud: StrictCloud) -> Any:
    client = storage.Client(
        project="test",
        credentials=AnonymousCredentials(),
        client_options={"api_endpoint": cloud.gcs_endpoint},
    )
    return client.bucket(BUCKET)


def azure_service(connection: str, *, attempts: int = 1, **more: Any) -> BlobServiceClient:
    return BlobServiceClient.from_connection_string(
        connection,
        retry_total=attempts - 1,
        initial_backoff=0.01,
        increment_base=0,
        random_jitter_range=0,
        **more,
    )


def s3_refusal(call: Callable[[], object]) -> tuple[int, str]:
    with pytest.raises(ClientError) as caught:
        call()
    answer = caught.value.response
    return answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"]


def gcs_refusal(call: Callable[[], object]) -> tuple[int, str]:
    """Return the status and the message: uploads do not parse the reason."""
    with pytest.raises(GoogleAPICallError) as caught:
        call()
    return int(caught.value.code), str(caught.value)


def azure_refusal(call: Callable[[], object]) -> tuple[int | None, str]:
    with pytest.raises(HttpResponseError) as caught:
        call()
    code = caught.value.error_code  # type: ignore[attr-defined]
    return caught.value.status_code, str(getattr(code, "value", code))


def race(call: Callable[[int], object], losers: type[Exception]) -> list[int]:
    """Call sixteen times at once; return who won. Any other exception is raised."""
    barrier = threading.Barrier(16)

    def one(number: int) -> bool:
        barrier.wait()
        try:
            call(number)
        except losers:
            return False
        return True

    with ThreadPoolExecutor(16) as pool:
        won = list(pool.map(one, range(16)))
    return [number for number, has_won in enumerate(won) if has_won]
