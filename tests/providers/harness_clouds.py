"""Harnesses of the clouds: emulators, the strict fake and real buckets, past us by the SDKs."""

import os
import uuid
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

import boto3
from azure.core.exceptions import ResourceNotFoundError
from azure.storage.blob import BlobServiceClient, ContainerClient
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage

from providers.keys import PARTS_PREFIX
from providers.model import MIB
from providers.open import open_store
from providers.store import Store, StoreOptions
from tests.providers.harness import Harness

__all__ = ["AzureHarness", "CloudHarness", "GCSHarness", "S3Harness", "fresh_name", "real_harness"]

BATCH = 1000


def fresh_name() -> str:
    """Return a name for a bucket that nobody else has."""
    return f"deployer-test-{uuid.uuid4().hex[:16]}"


class CloudHarness(Harness):
    """A bucket of its own or, in a real bucket, a prefix of its own.

    Args:
        bucket: its name; on Azure the container's.
        endpoint: of the emulator; None for the real cloud.
        environment: what the SDK needs to sign in.
        prefix: of every object that the tests make; empty or ends in ``/``.

    """

    def __init__(
        self,
        bucket: str,
        *,
        endpoint: str | None = None,
        environment: Mapping[str, str] | None = None,
        prefix: str = "",
    ) -> None:
        self.bucket = bucket
        self.endpoint = endpoint
        self.environment = dict(environment or {})
        self.prefix = prefix
        self.url = f"{self.place(bucket)}/{prefix}".rstrip("/")

    def place(self, bucket: str) -> str:
        """Return the URL of `bucket`."""
        raise NotImplementedError

    def open_missing_bucket(self) -> Store:
        options = StoreOptions(part_size=self.part_size)
        return open_store(self.place(fresh_name()), endpoint=self.endpoint, options=options)

    def raw_names(self, prefix: str) -> Iterable[str]:
        """Yield the names of all objects under `prefix` in the bucket."""
        raise NotImplementedError

    def raw_keys(self) -> list[str]:
        names = [name.removeprefix(self.prefix) for name in self.raw_names(self.prefix)]
        return sorted(name for name in names if not name.startswith(PARTS_PREFIX))


class S3Harness(CloudHarness):
    """A bucket of S3, reached past the driver through boto3."""

    part_size = 5 * MIB
    range_size = MIB // 4

    def __init__(self, bucket: str, **options: Any) -> None:
        super().__init__(bucket, **options)
        self._client = _s3_client(
            self.endpoint,
            self.environment.get("AWS_ACCESS_KEY_ID"),
            self.environment.get("AWS_SECRET_ACCESS_KEY"),
        )
        if not self.prefix:
            self._client.create_bucket(Bucket=bucket)

    def place(self, bucket: str) -> str:
        return f"s3://{bucket}"

    def raw_put(self, key: str, body: bytes, metadata: Mapping[str, str] | None = None) -> None:
        self._client.put_object(
            Bucket=self.bucket, Key=self.prefix + key, Body=body, Metadata=dict(metadata or {})
        )

    def raw_get(self, key: str) -> bytes:
        answer = self._client.get_object(Bucket=self.bucket, Key=self.prefix + key)
        body: bytes = answer["Body"].read()
        return body

    def raw_delete(self, key: str) -> None:
        self._client.delete_object(Bucket=self.bucket, Key=self.prefix + key)

    def raw_names(self, prefix: str) -> Iterable[str]:
        pages = self._client.get_paginator("list_objects_v2")
        for page in pages.paginate(Bucket=self.bucket, Prefix=prefix):
            for entry in page.get("Contents", ()):
                yield entry["Key"]

    def _uploads(self) -> list[dict[str, Any]]:
        found = self._client.list_multipart_uploads(Bucket=self.bucket, Prefix=self.prefix)
        uploads: list[dict[str, Any]] = found.get("Uploads", [])
        return uploads

    def raw_uploads(self) -> int:
        return len(self._uploads())

    def close(self) -> None:
        names = list(self.raw_names(self.prefix))
        for start in range(0, len(names), BATCH):
            doomed = [{"Key": name} for name in names[start : start + BATCH]]
            self._client.delete_objects(Bucket=self.bucket, Delete={"Objects": doomed})
        for upload in self._uploads():
            self._client.abort_multipart_upload(
                Bucket=self.bucket, Key=upload["Key"], UploadId=upload["UploadId"]
            )
        if not self.prefix:
            self._client.delete_bucket(Bucket=self.bucket)


@lru_cache
def _s3_client(endpoint: str | None, key: str | None, secret: str | None) -> Any:
    return boto3.client(
        "s3",
        endpoint_url=endpoint,
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        region_name="us-east-1" if endpoint else None,
    )


class GCSHarness(CloudHarness):
    """A bucket of Cloud Storage, reached past the driver through google-cloud-storage."""

    part_size = range_size = MIB // 4

    def __init__(self, bucket: str, **options: Any) -> None:
        super().__init__(bucket, **options)
        self._client = _gcs_client(self.endpoint)
        self._bucket = self._client.bucket(bucket)
        if not self.prefix:
            self._client.create_bucket(bucket)

    def place(self, bucket: str) -> str:
        return f"gs://{bucket}"

    def raw_put(self, key: str, body: bytes, metadata: Mapping[str, str] | None = None) -> None:
        blob = self._bucket.blob(self.prefix + key)
        blob.metadata = dict(metadata or {})
        blob.upload_from_string(body, content_type="application/octet-stream")

    def raw_get(self, key: str) -> bytes:
        body: bytes = self._bucket.blob(self.prefix + key).download_as_bytes()
        return body

    def raw_delete(self, key: str) -> None:
        self._bucket.blob(self.prefix + key).delete()

    def raw_names(self, prefix: str) -> Iterable[str]:
        for blob in self._client.list_blobs(self.bucket, prefix=prefix):
            yield blob.name

    def raw_uploads(self) -> int:
        parts = self.raw_names(PARTS_PREFIX)
        return len({name.removeprefix(PARTS_PREFIX).partition("/")[0] for name in parts})

    def close(self) -> None:
        for name in [*self.raw_names(self.prefix)]:
            self._bucket.blob(name).delete()
        if not self.prefix:
            self._bucket.delete()


@lru_cache
def _gcs_client(endpoint: str | None) -> Any:
    if endpoint is None:
        return storage.Client()
    return storage.Client(
        project="deployer",
        credentials=AnonymousCredentials(),
        client_options={"api_endpoint": endpoint},
    )


class AzureHarness(CloudHarness):
    """A container of Azure Blob Storage, reached past the driver through azure-storage-blob."""

    part_size = range_size = MIB // 4
    page = 5000
    # Azure has no request that gives blocks up: they stay, invisible, and expire after a week.
    shows_uploads = False

    def __init__(self, bucket: str, *, account: str, **options: Any) -> None:
        self.account = account
        super().__init__(bucket, **options)
        self._container = _azure_container(
            self.environment.get("AZURE_STORAGE_CONNECTION_STRING"), account, bucket
        )
        if not self.prefix:
            self._container.create_container()

    def place(self, bucket: str) -> str:
        return f"az://{self.account}/{bucket}"

    def raw_put(self, key: str, body: bytes, metadata: Mapping[str, str] | None = None) -> None:
        self._container.upload_blob(
            self.prefix + key, body, overwrite=True, metadata=dict(metadata or {})
        )

    def raw_get(self, key: str) -> bytes:
        body: bytes = self._container.download_blob(self.prefix + key).readall()
        return body

    def raw_delete(self, key: str) -> None:
        self._container.delete_blob(self.prefix + key)

    def raw_names(self, prefix: str) -> Iterable[str]:
        yield from self._container.list_blob_names(name_starts_with=prefix or None)

    def close(self) -> None:
        if not self.prefix:
            self._container.delete_container()
            return
        for name in [*self.raw_names(self.prefix)]:
            try:
                self._container.delete_blob(name)
            except ResourceNotFoundError:
                continue


def _azure_container(connection: str | None, account: str, container: str) -> ContainerClient:
    connection = connection or os.environ.get("AZURE_STORAGE_CONNECTION_STRING")
    if connection:
        service = BlobServiceClient.from_connection_string(connection)
    else:
        from azure.identity import DefaultAzureCredential

        host = f"https://{account}.blob.core.windows.net"
        service = BlobServiceClient(host, credential=DefaultAzureCredential())
    return service.get_container_client(container)


def real_harness(url: str) -> CloudHarness:
    """Return a harness on a fresh prefix of the real bucket `url`."""
    parts = urlsplit(url)
    below = parts.path.strip("/")
    if parts.scheme == "az":
        container, _, below = below.partition("/")
        return AzureHarness(container, account=parts.netloc, prefix=_below(below))
    kinds = {"s3": S3Harness, "gs": GCSHarness}
    return kinds[parts.scheme](parts.netloc, prefix=_below(below))


def _below(prefix: str) -> str:
    return f"{prefix}/{fresh_name()}/".lstrip("/")
