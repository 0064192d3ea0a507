"""What AWS lets things be called, and in which sizes it sells them; pure."""

import hashlib
import math
import re
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

from infra.configuration import EndpointConfig

__all__ = [
    "NoEndpointOnAwsError",
    "Store",
    "check",
    "domain",
    "fargate_size",
    "lambda_memory",
    "partition",
    "repository",
    "retention",
    "short",
    "store",
    "tags",
]


class NoEndpointOnAwsError(ValueError):
    """AWS cannot make what the configuration asks for; one line says what to change."""


class Store(NamedTuple):
    """A bucket, and the prefix in it that the registry begins at, "" or with a slash at its end."""

    bucket: str
    prefix: str


# https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html; dots are left out,
# as TLS certificates do not cover them.
_BUCKET = re.compile(r"(?!xn--|sthree-|amzn-s3-demo-)[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")
_RESERVED = ("-s3alias", "--ol-s3", "--x-s3", "--table-s3", "-an")

# https://docs.aws.amazon.com/AmazonECR/latest/userguide/Registries.html
_ECR = re.compile(
    r"\d{12}\.dkr[.-]ecr\.[a-z0-9-]+\.(?:amazonaws\.com|amazonaws\.com\.cn|on\.aws)/"
    r"([a-z0-9]+(?:[._/-][a-z0-9]+)*)(?::[\w.-]+)?@sha256:.+"
)

# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
_RETENTIONS = (
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557),
    *(2922, 3288, 3653),
)

# vCPU → (least MiB, most MiB, step): what Fargate runs,
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html
_FARGATE: Mapping[float, tuple[int, int, int]] = {
    0.25: (512, 2048, 512),
    0.5: (1024, 4096, 1024),
    1: (2048, 8192, 1024),
    2: (4096, 16384, 1024),
    4: (8192, 30720, 1024),
    8: (16384, 61440, 4096),
    16: (32768, 122880, 8192),
}
# Fargate has 512 and 1024 for a quarter of a vCPU, but not 1536.
_QUARTER = (512, 1024, 2048)

# https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html: 1,769 MB are one vCPU.
_MB_PER_CPU = 1769
_LAMBDA_MOST = 10240

_NO_TAG = re.compile(r"[^\w .:/=+@-]")
_TAG_MOST = 256


def check(config: EndpointConfig) -> None:
    """Refuse what AWS has no way to make.

    Raises:
        NoEndpointOnAwsError: what, and what to set instead.

    """
    store(config.stores)
    if config.compute == "service" and not domain(config):
        raise NoEndpointOnAwsError(
            "a load balancer has no certificate for a name of its own: compute = service needs "
            "domain and zone"
        )
    if config.compute == "serverless" and not config.public:
        raise NoEndpointOnAwsError(
            "an HTTP API is always reachable from the internet: public = false needs "
            "compute = service"
        )


def domain(config: EndpointConfig) -> str:
    """Return the DNS name as certificates have it; "" if no records can be made."""
    return config.domain.rstrip(".").lower() if config.zone else ""


def store(url: str) -> Store:
    """Return the bucket and the prefix of ``s3://BUCKET[/PREFIX]``.

    Raises:
        NoEndpointOnAwsError: it is something else, or no bucket can be called so.

    """
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    name = parts.netloc
    if parts.scheme != "s3" or not _BUCKET.fullmatch(name) or name.endswith(_RESERVED):
        raise NoEndpointOnAwsError(
            "stores must be s3://BUCKET or s3://BUCKET/PREFIX; a bucket has 3 to 63 of a-z, 0-9 "
            "and -"
        )
    prefix = parts.path.strip("/")
    return Store(name, f"{prefix}/" if prefix else "")


def repository(image: str, name: str) -> str:
    """Return what the image's ECR repository is called; `name` for an image of elsewhere."""
    found = _ECR.fullmatch(image)
    return found[1] if found else name


def partition(region: str) -> str:
    """Return what ARNs of a region begin with, after ``arn:``."""
    special = {"cn-": "aws-cn", "us-gov-": "aws-us-gov", "eusc-": "aws-eusc"}
    return next((name for start, name in special.items() if region.startswith(start)), "aws")


def short(text: str, most: int) -> str:
    """Return the text, or its beginning and a hash of it in at most so many characters."""
    if len(text) <= most:
        return text
    return f"{text[: most - 5].rstrip('-')}-{hashlib.sha256(text.encode()).hexdigest()[:4]}"


def retention(days: int) -> int:
    """Return the shortest time that CloudWatch can keep logs for, of those not below `days`."""
    return next((each for each in _RETENTIONS if each >= days), _RETENTIONS[-1])


def fargate_size(cpu: float, memory: int) -> tuple[int, int]:
    """Return the smallest task with this much, as Fargate counts: 1/1024 vCPU, and MiB.

    Args:
        cpu: in vCPU, at most 16.
        memory: in MiB, at most 120 GiB.

    """
    for size, (least, most, step) in _FARGATE.items():
        if size >= cpu and most >= memory:
            if least == _QUARTER[0]:
                return int(size * 1024), next(each for each in _QUARTER if each >= memory)
            return int(size * 1024), max(least, math.ceil(memory / step) * step)
    return 16 * 1024, 122880


def lambda_memory(cpu: float, memory: int) -> int:
    """Return how many MB a function gets: memory alone buys processors there."""
    return min(max(memory, math.ceil(cpu * _MB_PER_CPU)), _LAMBDA_MOST)


def tags(config: EndpointConfig) -> dict[str, str]:
    """Return the tags that every resource carries, with only what AWS lets be in them.

    https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html
    """
    return {
        key: _NO_TAG.sub("-", " ".join(value.split()))[:_TAG_MOST].strip()
        for key, value in config.tags.items()
    }
