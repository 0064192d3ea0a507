"""What of uploads is not an object yet, as each cloud's own interface lists it."""

import json
import urllib.request
from typing import Any
from urllib.parse import quote

from deployer.drills.estate.clouds import CloudOfDrill
from deployer.emulators import BUCKET
from providers.keys import PARTS_PREFIX

__all__ = ["unfinished"]

_TIMEOUT = 30.0


def unfinished(cloud: CloudOfDrill) -> list[str]:
    """Return every part of every upload that was begun and not finished.

    S3: ListMultipartUploads and ListParts. Azure: List Blobs with ``uncommittedblobs``, and Get
    Block List. Google: the objects that deployer keeps parts in; see docs/adr/0003.

    """
    return {"aws": _s3, "azure": _azure, "gcp": _gcs}[cloud.name](cloud)


def _s3(cloud: CloudOfDrill) -> list[str]:
    from botocore.session import get_session  # noqa: PLC0415 - slow to import

    settings = cloud.server.environment()
    client: Any = get_session().create_client(
        "s3",
        region_name=settings.get("AWS_DEFAULT_REGION", "us-east-1"),
        endpoint_url=f"http://127.0.0.1:{cloud.server.port}",
        aws_access_key_id=settings["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=settings["AWS_SECRET_ACCESS_KEY"],
    )
    found = []
    for upload in client.list_multipart_uploads(Bucket=BUCKET).get("Uploads", ()):
        named = {"Bucket": BUCKET, "Key": upload["Key"], "UploadId": upload["UploadId"]}
        parts = client.list_parts(**named).get("Parts", ())
        found += [f"{upload['Key']} part {part['PartNumber']}" for part in parts]
    client.close()
    return found


def _azure(cloud: CloudOfDrill) -> list[str]:
    from azure.storage.blob import ContainerClient  # noqa: PLC0415 - slow to import

    text = cloud.server.environment()["AZURE_STORAGE_CONNECTION_STRING"]
    found = []
    with ContainerClient.from_connection_string(text, BUCKET) as container:
        for blob in container.list_blobs(include=["uncommittedblobs"]):
            _, blocks = container.get_blob_client(blob.name).get_block_list("uncommitted")
            found += [f"{blob.name} block {index}" for index, _ in enumerate(blocks, 1)]
    return found


def _gcs(cloud: CloudOfDrill) -> list[str]:
    url = f"http://127.0.0.1:{cloud.server.port}/storage/v1/b/{BUCKET}/o"
    with urllib.request.urlopen(  # noqa: S310 - an emulator on this machine
        f"{url}?prefix={quote(PARTS_PREFIX)}", timeout=_TIMEOUT
    ) as answer:
        return [str(item["name"]) for item in json.load(answer).get("items", ())]
