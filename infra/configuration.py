"""What our Pulumi programs are told, in one typed object for every cloud.

It reaches a program as the configuration value ``deployer:endpoint``, a JSON object.
"""

import re
from typing import Literal

import msgspec

__all__ = ["CONFIG_KEY", "Cloud", "EndpointConfig", "decode", "encode"]

CONFIG_KEY = "deployer:endpoint"

Cloud = Literal["aws", "gcp", "azure", "local"]

_NAME = re.compile(r"[a-z][a-z0-9-]{1,28}[a-z0-9]")
_DIGEST = re.compile(r"[0-9a-f]{64}")


class EndpointConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One endpoint on one cloud.

    Attributes:
        name: of the deployment; resource names begin with it.
        cloud: where.
        region: such as ``eu-central-1``, ``europe-west3``, ``germanywestcentral``.
        model: its name in the registry.
        digest: SHA-256 of the version's manifest, 64 hex digits.
        stores: URL of the registry's store that the server reads from.
        image: container image with its digest (``…@sha256:…``); "" on ``local``.
        owner: who answers for it; a tag on every resource.
        environment: such as ``production``; a tag.
        residency: regions or jurisdictions that the model is bound to; a tag, and a policy.
        compute: ``serverless`` (Lambda, Cloud Run, Container Apps) or ``service`` (Fargate behind
            a load balancer; AWS alone).
        cpu: of one instance, in vCPU.
        memory: of one instance, in MiB.
        min_instances: kept warm.
        max_instances: at most.
        concurrency: requests at once in one instance.
        timeout: of a request, in seconds.
        log_days: how long logs are kept.
        budget: a month, for an alarm; 0 sets none. In US dollars; of Google Cloud and Azure in the
            currency that the account is billed in, as neither takes another.
        alarm: e-mail address that alarms go to; "" for none.
        domain: DNS name that fails over between clouds; "" makes no records.
        zone: the cloud's own id of the DNS zone that `domain` is in.
        project: Google Cloud's project or Azure's subscription; "" elsewhere.
        keys: secret (in the cloud's own secret store, by name) that holds ``DEPLOYER_SERVE_KEYS``.
        requests: a month, for the estimate of costs.
        public: whether it is reachable from the internet; every request needs a key anyway.

    """

    name: str
    cloud: Cloud
    region: str
    model: str
    digest: str
    stores: str
    image: str
    owner: str
    environment: str = "production"
    residency: tuple[str, ...] = ()
    compute: Literal["serverless", "service"] = "serverless"
    cpu: float = 1.0
    memory: int = 2048
    min_instances: int = 1
    max_instances: int = 10
    concurrency: int = 16
    timeout: int = 30
    log_days: int = 365
    budget: int = 0
    alarm: str = ""
    domain: str = ""
    zone: str = ""
    project: str = ""
    keys: str = ""
    requests: int = 1_000_000
    public: bool = True

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError("name must be 3 to 30 of a-z, 0-9 and -, beginning with a letter")
        if not _DIGEST.fullmatch(self.digest):
            raise ValueError("digest must be 64 hex digits")
        if self.cloud != "local" and "@sha256:" not in self.image:
            raise ValueError("image must name its digest: REPOSITORY@sha256:…")
        if not self.owner:
            raise ValueError("owner must say who answers for it")
        if self.max_instances < 1 or not 0 <= self.min_instances <= self.max_instances:
            raise ValueError("instances must be 0 <= min_instances <= max_instances, at least 1")
        for field, low, high in (
            ("cpu", 0.25, 16),
            ("memory", 256, 65536),
            ("concurrency", 1, 1000),
            ("timeout", 1, 900),
            ("log_days", 1, 3653),
        ):
            if not low <= getattr(self, field) <= high:
                raise ValueError(f"{field} must be from {low} to {high}")

    @property
    def tags(self) -> dict[str, str]:
        """What every resource carries; lower case, as Google Cloud's labels must be."""
        return {
            "owner": self.owner,
            "model": self.model,
            "residency": "-".join(self.residency).lower() or "any",
            "environment": self.environment,
            "managed-by": "deployer",
        }


def encode(config: EndpointConfig) -> str:
    """Return the JSON text that a program is configured with."""
    return msgspec.json.encode(config).decode()


def decode(text: str | bytes) -> EndpointConfig:
    """Return the configuration that `encode` wrote.

    Raises:
        ValueError: it is none; the message says what is wrong where.

    """
    return msgspec.json.decode(text, type=EndpointConfig)
