"""One transfer in a process of its own, to be measured from outside.

``python -m benchmarks.client store URL PATH`` uses deployer's storage layer, ``… sdk URL PATH``
the cloud's SDK as its documentation shows it. PATH is a file, or a folder of small files.
"""

import os
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

__all__ = ["main"]

WORKERS = 4  # what rclone uses for --transfers when nothing is said


def _each(files: Sequence[Path], act: Callable[[Path], object]) -> None:
    with ThreadPoolExecutor(WORKERS) as pool:
        for _ in pool.map(act, files):
            pass


def with_store(url: str, files: Sequence[Path]) -> None:
    """Send files with :class:`providers.store.Store`."""
    from providers.open import open_store

    with open_store(url) as store:
        _each(files, lambda path: store.put(f"store/{path.name}", path, mode="create"))


def with_sdk(url: str, files: Sequence[Path]) -> None:
    """Send files with boto3, google-cloud-storage or azure-storage-blob alone."""
    scheme, _, rest = url.partition("://")
    {"s3": _boto3, "gs": _google, "az": _azure}[scheme](rest, files)


def _boto3(bucket: str, files: Sequence[Path]) -> None:
    import boto3

    client = boto3.client("s3")
    _each(files, lambda path: client.upload_file(str(path), bucket, f"sdk/{path.name}"))


def _google(bucket_name: str, files: Sequence[Path]) -> None:
    from google.cloud import storage

    bucket = storage.Client().bucket(bucket_name)
    _each(files, lambda path: bucket.blob(f"sdk/{path.name}").upload_from_filename(str(path)))


def _azure(rest: str, files: Sequence[Path]) -> None:
    from azure.storage.blob import BlobServiceClient

    service = BlobServiceClient.from_connection_string(
        os.environ["AZURE_STORAGE_CONNECTION_STRING"]
    )
    container = service.get_container_client(rest.partition("/")[2])

    def upload(path: Path) -> None:
        with path.open("rb") as body:
            container.upload_blob(f"sdk/{path.name}", body, max_concurrency=WORKERS)

    _each(files, upload)


def main(how: str, url: str, path: Path) -> None:
    """Send a file, or every file of a folder."""
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    {"store": with_store, "sdk": with_sdk}[how](url, files)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
