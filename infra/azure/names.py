"""What Azure lets things be called, and in which sizes it sells them; pure."""

import hashlib
import math
import re
from typing import NamedTuple
from urllib.parse import urlsplit

from infra.configuration import EndpointConfig

__all__ = [
    "KeysAt",
    "NoEndpointOnAzureError",
    "Store",
    "Zone",
    "app",
    "app_size",
    "check",
    "domain",
    "keys",
    "registry",
    "retention",
    "short",
    "store",
    "tags",
    "vault",
    "zone",
    "zones",
]


class NoEndpointOnAzureError(ValueError):
    """Azure cannot make what the configuration asks for; one line says what to change."""


class Store(NamedTuple):
    """A storage account, a container in it, and a prefix, "" or with a slash at its end."""

    account: str
    container: str
    prefix: str


class KeysAt(NamedTuple):
    """The secret of API keys: its name in the endpoint's own vault, or a whole URL of another."""

    name: str
    url: str


class Zone(NamedTuple):
    """A zone of Azure DNS, and what the domain is called in it."""

    group: str
    name: str
    record: str


# https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules
_ACCOUNT = re.compile(r"[a-z0-9]{3,24}")
_CONTAINER = re.compile(r"(?!.*--)[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")
_REGISTRY = re.compile(r"([a-z0-9]{5,50})\.azurecr\.io/.+")
_SECRET = re.compile(r"[0-9a-zA-Z-]{1,127}")
_SECRET_URL = re.compile(
    r"https://[a-z][a-z0-9-]{1,22}[a-z0-9]\.vault\.(?:azure\.net|azure\.cn|usgovcloudapi\.net)"
    r"/secrets/[0-9a-zA-Z-]{1,127}"
)
_ZONE = re.compile(
    r"/subscriptions/[^/]+/resourceGroups/(?P<group>[^/]+)/providers/Microsoft\.Network/dnszones/"
    r"(?P<name>[^/]+)",
    re.IGNORECASE,
)
_APP_MOST = 32
_VAULT_MOST = 24

# Without availability zones: https://learn.microsoft.com/azure/reliability/regions-list
_SINGLE = re.compile(
    r"australia(?:central2?|southeast)|brazilsoutheast|canadaeast|francesouth|germanynorth"
    r"|jioindia(?:central|west)|koreasouth|northcentralus|norwaywest|southafricawest|southindia"
    r"|switzerlandwest|uaecentral|ukwest|westcentralus|westindia|westus"
)

# Half a GiB to each quarter of a vCPU, at most 4 vCPU:
# https://learn.microsoft.com/azure/container-apps/containers#allocations
_CPU_STEP = 0.25
_MEMORY_STEP = 512
_STEPS = 16

# https://learn.microsoft.com/azure/azure-monitor/logs/data-retention-configure
_LEAST_DAYS, _MOST_DAYS = 30, 730

_NO_TAG = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_TAG_MOST = 256


def check(config: EndpointConfig) -> None:
    """Refuse what Azure has no way to make.

    Raises:
        NoEndpointOnAzureError: what, and what to set instead.

    """
    store(config.stores)
    app_size(config.cpu, config.memory)
    keys(config)
    zone(config)
    if config.compute != "serverless":
        raise NoEndpointOnAzureError(
            "Container Apps alone are made here: compute must be serverless"
        )


def domain(config: EndpointConfig) -> str:
    """Return the DNS name; "" if there is none, or nobody outside could reach it."""
    return config.domain.rstrip(".").lower() if config.public else ""


def store(url: str) -> Store:
    """Return the parts of ``az://ACCOUNT/CONTAINER[/PREFIX]``.

    Raises:
        NoEndpointOnAzureError: it is something else, or nothing can be called so.

    """
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    container, _, prefix = parts.path.strip("/").partition("/")
    legal = _ACCOUNT.fullmatch(parts.netloc) and _CONTAINER.fullmatch(container)
    if parts.scheme != "az" or not legal:
        raise NoEndpointOnAzureError(
            "stores must be az://ACCOUNT/CONTAINER[/PREFIX]; an account has 3 to 24 of a-z and 0-9, "
            "a container 3 to 63 of a-z, 0-9 and -"
        )
    prefix = prefix.strip("/")
    return Store(parts.netloc, container, f"{prefix}/" if prefix else "")


def keys(config: EndpointConfig) -> KeysAt:
    """Return where the hashes of API keys are; the name of our own secret where none is named.

    Raises:
        NoEndpointOnAzureError: no secret can be called so.

    """
    if _SECRET_URL.fullmatch(config.keys):
        return KeysAt("", config.keys)
    if config.keys and not _SECRET.fullmatch(config.keys):
        raise NoEndpointOnAzureError(
            "keys must be a secret's name, of letters, digits and -, or "
            "https://VAULT.vault.azure.net/secrets/NAME"
        )
    return KeysAt(config.keys or f"{config.name}-keys", "")


def zone(config: EndpointConfig) -> Zone | None:
    """Return the zone that the domain's record goes to; None if none is to be made.

    Raises:
        NoEndpointOnAzureError: the zone is no resource id, or the domain is not below it.

    """
    name = domain(config)
    if not (name and config.zone):
        return None
    found = _ZONE.fullmatch(config.zone)
    if not found:
        raise NoEndpointOnAzureError(
            "zone must be the resource id of a DNS zone: /subscriptions/…/dnszones/NAME"
        )
    record = name.removesuffix(f".{found['name'].lower()}")
    if record == name:
        raise NoEndpointOnAzureError("domain must be a name below the zone, and not the zone's own")
    return Zone(found["group"], found["name"], record)


def registry(config: EndpointConfig) -> tuple[str, bool]:
    """Return what the container registry is called, and whether the image comes from it."""
    found = _REGISTRY.fullmatch(config.image)
    if found:
        return found[1], True
    return f"{config.name.replace('-', '')[:30]}{_mark(config)}", False


def vault(config: EndpointConfig) -> str:
    """Return what the vault is called: 3 to 24 of letters, digits and single hyphens."""
    mark = _mark(config)
    return f"{app(config.name)[: _VAULT_MOST - len(mark) - 1].rstrip('-')}-{mark}"


def _mark(config: EndpointConfig) -> str:
    """Return what makes a name like no other in the world, and the same every time."""
    text = f"{config.project}/{config.name}/{config.environment}/{config.stores}"
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def app(name: str) -> str:
    """Return what an app is called: up to 32 of a-z, 0-9 and single hyphens."""
    return short(re.sub("-+", "-", name), _APP_MOST)


def short(text: str, most: int) -> str:
    """Return the text, or its beginning and a hash of it in at most so many characters."""
    if len(text) <= most:
        return text
    return f"{text[: most - 5].rstrip('-')}-{hashlib.sha256(text.encode()).hexdigest()[:4]}"


def zones(region: str) -> bool:
    """Return whether a region has several data centres that fail one by one."""
    return _SINGLE.fullmatch(region.lower().replace(" ", "")) is None


def retention(days: int) -> int:
    """Return how many days Log Analytics keeps logs for: as asked, within what it can."""
    return min(max(days, _LEAST_DAYS), _MOST_DAYS)


def app_size(cpu: float, memory: int) -> tuple[float, float]:
    """Return the smallest container with this much: vCPU, and GiB.

    Raises:
        NoEndpointOnAzureError: Container Apps have no such containers.

    """
    steps = max(math.ceil(cpu / _CPU_STEP), math.ceil(memory / _MEMORY_STEP))
    if steps > _STEPS:
        raise NoEndpointOnAzureError("Container Apps have at most cpu = 4 and memory = 8192")
    return steps * _CPU_STEP, steps * _MEMORY_STEP / 1024


def tags(config: EndpointConfig) -> dict[str, str]:
    """Return the tags that every resource carries, with only what Azure lets be in them.

    https://learn.microsoft.com/azure/azure-resource-manager/management/tag-resources
    """
    return {key: _NO_TAG.sub("-", value)[:_TAG_MOST] for key, value in config.tags.items()}
