"""What `down` must not take away by the way: protected resources, and buckets that hold models.

Images can be built again, models cannot: a repository of images goes with the stack, and is named
before (docs/adr/0029-images-go-with-the-stack.md).
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from deployer.registry.cloud import Cloud
from deployer.registry.viewing.inventory import models

__all__ = ["Held", "Images", "Inventory", "bucket_of", "holds_models", "inventory"]

# What holds the registry's objects, by Pulumi's type tokens.
_BUCKETS = (
    "aws:s3/bucket:Bucket",
    "aws:s3/bucketV2:BucketV2",
    "gcp:storage/bucket:Bucket",
    "azure-native:storage:StorageAccount",
    "azure-native:storage:BlobContainer",
)


# Where a URL of a store begins: its scheme, and the output that names what is behind it.
_NAMED = {
    "aws:s3/bucket:Bucket": ("s3", "bucket"),
    "aws:s3/bucketV2:BucketV2": ("s3", "bucket"),
    "gcp:storage/bucket:Bucket": ("gs", "name"),
    "azure-native:storage:StorageAccount": ("az", "name"),
}
# Their cloud deletes these only when nothing is in them, old versions counted; an account of Azure
# goes with all that it holds.
_KEPT_FULL = ("s3://", "gs://")

# What holds images, and the output that says where. AWS alone keeps one that is not empty.
_IMAGES = {
    "aws:ecr/repository:Repository": "repositoryUrl",
    "gcp:artifactregistry/repository:Repository": "registryUri",
    "azure-native:containerregistry:Registry": "loginServer",
}
_KEPT_WITH_IMAGES = "aws:ecr/repository:Repository"


class Held(msgspec.Struct, frozen=True):
    """One protected resource of a stack.

    Attributes:
        urn: its identity.
        type: its type token.
        name: in the program.
        bucket: whether models may be in it.

    """

    urn: str
    type: str
    name: str
    bucket: bool


class Images(msgspec.Struct, frozen=True):
    """A repository of images.

    Attributes:
        url: what its images' names begin with.
        arn: by which AWS knows it, which deletes it only when it is empty; "" on other clouds, which
            delete it with what is in it.

    """

    url: str
    arn: str = ""


class Inventory(msgspec.Struct, frozen=True):
    """What a stack has.

    Attributes:
        resources: how many there are in the cloud.
        held: those that are protected.
        bucket: whether the stack has one that models may be in, protected or not.
        buckets: what URLs of stores in them begin with, as ``gs://bucket`` or ``az://account``.
        stores: those of them that must be empty before they can be deleted.
        images: its repositories of images.

    """

    resources: int
    held: tuple[Held, ...]
    bucket: bool
    buckets: tuple[str, ...] = ()
    stores: tuple[str, ...] = ()
    images: tuple[Images, ...] = ()


def inventory(deployment: Mapping[str, Any]) -> Inventory:
    """Return what the exported state of a stack names."""
    listed: Sequence[Mapping[str, Any]] = deployment.get("resources") or []
    real = [
        each
        for each in listed
        if each.get("custom")
        and not each.get("external")
        and not str(each["type"]).startswith("pulumi:providers:")
    ]
    held = tuple(
        Held(
            urn=each["urn"],
            type=each["type"],
            name=str(each["urn"]).rpartition("::")[2],
            bucket=each["type"] in _BUCKETS,
        )
        for each in listed
        if each.get("protect")
    )
    buckets = tuple(
        f"{scheme}://{name}"
        for each in real
        for scheme, output in [_NAMED.get(each["type"], ("", ""))]
        if scheme and (name := (each.get("outputs") or {}).get(output))
    )
    return Inventory(
        resources=len(real),
        held=held,
        bucket=any(each["type"] in _BUCKETS for each in real),
        buckets=buckets,
        stores=tuple(each for each in buckets if each.startswith(_KEPT_FULL)),
        images=tuple(found for each in real for found in _images(each)),
    )


def _images(resource: Mapping[str, Any]) -> Iterator[Images]:
    outputs = resource.get("outputs") or {}
    url = outputs.get(_IMAGES.get(resource["type"], ""))
    if url:
        kept = resource["type"] == _KEPT_WITH_IMAGES
        yield Images(str(url), str(outputs.get("arn") or "") if kept else "")


def bucket_of(url: str) -> str:
    """Return the URL of the bucket that a store is in, or of its account on Azure."""
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}"


def holds_models(cloud: Cloud) -> tuple[str, ...]:
    """Return the models that a store has, as ``NAME (newest version 3)``.

    Raises:
        StoreError, DeployerError: it cannot be looked at.

    """
    return tuple(
        f"{line.name} (newest version {line.latest})" if line.latest else line.name
        for line in models(cloud)
    )
