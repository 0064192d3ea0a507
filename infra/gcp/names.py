"""What Google Cloud lets things be called, and in which sizes it sells them; pure."""

import hashlib
import re
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

from infra.configuration import EndpointConfig

__all__ = [
    "CLOUD",
    "NoEndpointOnGcpError",
    "Store",
    "account",
    "check",
    "domain",
    "host",
    "labels",
    "repository",
    "run_size",
    "secret",
    "short",
    "store",
]

CLOUD = "gcp"
"""Name of this endpoint among the others."""


class NoEndpointOnGcpError(ValueError):
    """Google Cloud cannot make what the configuration asks for; one line says what to change."""


class Store(NamedTuple):
    """A bucket, and the prefix in it that the registry begins at, "" or with a slash at its end."""

    bucket: str
    prefix: str


# https://cloud.google.com/storage/docs/buckets#naming; dots are left out, as such a name is a
# domain that somebody must prove to own.
_BUCKET = re.compile(r"(?!goog)(?!.*g[o0]{2}gle)[a-z0-9][a-z0-9_-]{1,61}[a-z0-9]")

# https://cloud.google.com/artifact-registry/docs/docker/names
_IMAGE = re.compile(r"[a-z0-9-]+-docker\.pkg\.dev/[^/]+/([a-z](?:[a-z0-9-]{0,61}[a-z0-9])?)/.+")

# https://cloud.google.com/secret-manager/docs/reference/rest/v1/projects.secrets/create
_SECRET = re.compile(r"(?:projects/[a-z0-9:.-]+/secrets/)?[A-Za-z0-9_-]{1,255}")

# vCPU → (least MiB, most MiB): https://cloud.google.com/run/docs/configuring/services/cpu and
# https://cloud.google.com/run/docs/configuring/services/memory-limits; 512 is the least that the
# second generation of its sandboxes runs in.
_SIZES: Mapping[int, tuple[int, int]] = {
    1: (512, 4096),
    2: (512, 8192),
    4: (2048, 16384),
    6: (4096, 24576),
    8: (4096, 32768),
}

_NO_LABEL = re.compile(r"[^a-z0-9_-]")
_LABEL_MOST = 63
_ACCOUNT_MOST = 30


def check(config: EndpointConfig) -> None:
    """Refuse what Google Cloud has no way to make.

    Raises:
        NoEndpointOnGcpError: what, and what to set instead.

    """
    store(config.stores)
    run_size(config.cpu, config.memory)
    secret(config)
    if config.compute != "serverless":
        raise NoEndpointOnGcpError("Cloud Run alone is made here: compute must be serverless")


def domain(config: EndpointConfig) -> str:
    """Return the DNS name as certificates have it; "" if nothing is to be reached by it.

    Cloud DNS is asked from the internet, so a private endpoint has none.
    """
    if not (config.zone and config.public):
        return ""
    return config.domain.rstrip(".").lower()


def host(config: EndpointConfig) -> str:
    """Return the name that is this endpoint's alone, whichever of them the domain names."""
    return f"{CLOUD}.{domain(config)}"


def store(url: str) -> Store:
    """Return the bucket and the prefix of ``gs://BUCKET[/PREFIX]``.

    Raises:
        NoEndpointOnGcpError: it is something else, or no bucket can be called so.

    """
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme != "gs" or not _BUCKET.fullmatch(parts.netloc):
        raise NoEndpointOnGcpError(
            "stores must be gs://BUCKET or gs://BUCKET/PREFIX; a bucket has 3 to 63 of a-z, 0-9, "
            "_ and -, and Google's name is not in it"
        )
    prefix = parts.path.strip("/")
    return Store(parts.netloc, f"{prefix}/" if prefix else "")


def secret(config: EndpointConfig) -> str:
    """Return what the secret of API keys is called in Secret Manager; "" for one of our own.

    Raises:
        NoEndpointOnGcpError: no secret can be called so.

    """
    if config.keys and not _SECRET.fullmatch(config.keys):
        raise NoEndpointOnGcpError(
            "keys must be a secret's name, of letters, digits, _ and -, or projects/P/secrets/NAME"
        )
    return config.keys


def repository(image: str, name: str) -> str:
    """Return what the image's repository is called; `name` for an image of elsewhere."""
    found = _IMAGE.fullmatch(image)
    return found[1] if found else name


def account(config: EndpointConfig) -> str:
    """Return the service account's id, 6 to 30 of a-z, 0-9 and -.

    https://cloud.google.com/iam/docs/reference/rest/v1/projects.serviceAccounts/create
    """
    name = f"{config.name}-{_NO_LABEL.sub('-', config.environment.lower()).replace('_', '-')}"
    return short(f"{name.rstrip('-')}-run", _ACCOUNT_MOST)


def short(text: str, most: int) -> str:
    """Return the text, or its beginning and a hash of it in at most so many characters."""
    if len(text) <= most:
        return text
    return f"{text[: most - 5].rstrip('-')}-{hashlib.sha256(text.encode()).hexdigest()[:4]}"


def run_size(cpu: float, memory: int) -> tuple[int, int]:
    """Return the smallest instance with this much: vCPU, and MiB.

    Less than one vCPU would answer one request at a time, so there is none.

    Raises:
        NoEndpointOnGcpError: Cloud Run has no such instances.

    """
    for size, (least, most) in _SIZES.items():
        if size >= cpu and most >= memory:
            return size, max(least, memory)
    raise NoEndpointOnGcpError("Cloud Run has at most cpu = 8 and memory = 32768")


def labels(config: EndpointConfig) -> dict[str, str]:
    """Return the labels that every resource carries, with only what Google lets be in them.

    https://cloud.google.com/resource-manager/docs/labels-overview#requirements
    """
    return {
        key: _NO_LABEL.sub("-", value.lower())[:_LABEL_MOST] for key, value in config.tags.items()
    }
