"""What there is to set, with its types, limits and defaults."""

import math
from datetime import date
from typing import Literal

import msgspec

__all__ = [
    "ChampionRule",
    "CloudSettings",
    "EndpointSettings",
    "GateSettings",
    "InfraDemands",
    "InfraSettings",
    "InfraSuppression",
    "ModelSettings",
    "Push",
    "RouterEndpoint",
    "RouterSettings",
    "ServeSettings",
    "Settings",
    "Signing",
    "Transfer",
]


class CloudSettings(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """One cloud.

    Attributes:
        url: the address of its store.
        endpoint: another server than the cloud's own.
        region: where the store is, such as ``eu-central-1``; bound models need to know.

    """

    url: str
    endpoint: str | None = None
    region: str | None = None


class Push(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Defaults of ``push``: target clouds, the home of a new registry, how many must succeed."""

    clouds: list[str] = []
    home: str | None = None
    require: str = "all"


class Transfer(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Limits.

    Attributes:
        workers: transfers at once per cloud.
        part_size: bytes of a part.
        timeout: seconds a connection may stall.
        attempts: tries of one request.
        cache: bytes of fetched contents to keep for later pulls; 0 keeps none.

    """

    workers: int = 4
    part_size: int = 8 * 1024 * 1024
    timeout: float = 60.0
    attempts: int = 5
    cache: int = 10 * 1024**3

    def __post_init__(self) -> None:
        for name, low, high in (
            ("workers", 1, 256),
            ("part_size", 1024, 1024**3),
            ("timeout", 0.1, 3600),
            ("attempts", 1, 100),
            ("cache", 0, 2**60),
        ):
            if not low <= getattr(self, name) <= high:
                raise ValueError(f"{name} must be from {low} to {high}")


class Signing(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """How versions are signed, and whose signatures are believed.

    Attributes:
        mode: a key pair, a certificate, or sigstore's keyless way; None signs nothing.
        private_key: PEM file; with it, what is published is signed (key, certificate).
        public_keys: PEM files; a signature by one of them is believed (key).
        certificate: PEM file, of the private key (certificate).
        chain: PEM files, from the certificate's issuer up to a root that is believed (certificate).
        identity: who must have signed (keyless; in certificates an additional condition).
        issuer: who vouches for the identity (keyless).
        trust_config: JSON file that names another sigstore than the public one (keyless).
        staging: use sigstore's staging instance (keyless).
        require_signature: refuse a version without a signature that is believed.
        require_signed_aliases: refuse an alias without one.

    """

    mode: Literal["key", "keyless", "certificate"] | None = None
    private_key: str | None = None
    public_keys: list[str] = []
    certificate: str | None = None
    chain: list[str] = []
    identity: str | None = None
    issuer: str | None = None
    trust_config: str | None = None
    staging: bool = False
    require_signature: bool = False
    require_signed_aliases: bool = False

    def __post_init__(self) -> None:
        given = [name for name in self.__struct_fields__ if getattr(self, name)]
        if self.mode is None and given:
            # Else a forgotten mode would publish without the signature that was wanted.
            raise ValueError(f"{given[0]} needs a mode: key, certificate or keyless")


class ChampionRule(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """No worse than the version that the alias points at, on the same rows.

    The `confidence` interval of the difference, by a paired bootstrap, must lie above -`margin`
    as a whole. So few rows never make it easier to pass; and with a margin of 0 a model that
    answers differently must be shown to be better.

    Attributes:
        metric: what is compared.
        margin: how much worse is still good enough, in the metric's own unit.
        confidence: of the two-sided interval.

    """

    metric: str = "f1_macro"
    margin: float = 0.0
    confidence: float = 0.95

    def __post_init__(self) -> None:
        if not (math.isfinite(self.margin) and self.margin >= 0):
            raise ValueError("margin must be a number from 0")
        if not 0.5 <= self.confidence <= 0.999:  # noqa: PLR2004 - what a bootstrap can tell
            raise ValueError("confidence must be from 0.5 to 0.999")


class GateSettings(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What a version must show before an alias moves to it.

    ``[models.NAME.gate]`` is laid over ``[gate]`` name by name, also within tables, as the files
    are over each other: a model's table changes what it names and keeps the rest. A rule is taken
    away for one model by a bound that everything meets (``min_recall = 0``), and ``champion`` by
    ``champion = false``.

    Attributes:
        min: metric → the least that it must be, where more is better.
        max: metric → the most that it may be, where less is better.
        min_recall: of every class, from 0 to 1; None asks for none.
        min_class_recall: class → the same for this one, in place of `min_recall`.
        max_calibration_error: short for ``max = { calibration_error = … }``.
        champion: compare with the version that the alias points at; needs `data`.
        data: labelled rows that decide, relative to the current folder; without, the metrics do
            that were recorded when the model was trained.
        keep_seen: judge by rows of `data` that a model was fitted on, too; for tables of few
            columns, in which new rows repeat old ones.
        require_gate_for: aliases that nothing but the gate, a rollback or force moves.
        use: compare values, or the worse ends of their confidence intervals (``low``).

    """

    min: dict[str, float] = {}
    max: dict[str, float] = {}
    min_recall: float | None = None
    min_class_recall: dict[str, float] = {}
    max_calibration_error: float | None = None
    champion: ChampionRule | bool = False
    data: str | None = None
    keep_seen: bool = False
    require_gate_for: list[str] = msgspec.field(default_factory=lambda: ["champion"])
    use: Literal["value", "low"] = "value"

    def __post_init__(self) -> None:
        shares = {"min_recall": self.min_recall, **self.min_class_recall}
        for name, share in (*shares.items(), ("max_calibration_error", self.max_calibration_error)):
            if share is not None and not 0 <= share <= 1:
                raise ValueError(f"{name} must be from 0 to 1")
        for name, bound in (*self.min.items(), *self.max.items()):
            if not math.isfinite(bound):
                raise ValueError(f"the bound of {name} must be a number")
        if self.champion is True:
            raise ValueError('champion must be a table, such as { metric = "f1_macro" }, or false')
        if self.max_calibration_error is not None and "calibration_error" in self.max:
            raise ValueError("calibration_error is bounded twice: leave max_calibration_error away")
        if "latest" in self.require_gate_for:
            raise ValueError("require_gate_for: latest follows the newest version by itself")

    @property
    def rules(self) -> bool:
        """Whether there is any rule."""
        bounds = (self.min_recall, self.max_calibration_error)
        tables = (self.min, self.max, self.min_class_recall, self.champion)
        return any(tables) or any(bound is not None for bound in bounds)


class ModelSettings(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """One model.

    Attributes:
        residency: the regions or jurisdictions that it may be kept in; empty: anywhere.
        gate: rules of its own, laid over the others; None if it has none.

    """

    residency: list[str] = []
    gate: GateSettings | None = None


class ServeSettings(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """How `serve` answers.

    Attributes:
        host: address to listen on.
        port: of REST; the platforms' variables (``PORT``, ``AIP_HTTP_PORT``) go before it.
        grpc_port: of gRPC; 0 for none.
        admin_port: of metrics, loading and unloading; 0 for none.
        admin_host: address that the admin port listens on; it asks for no key.
        workers: processes that answer.
        auth: who is answered: holders of an API key, of a bearer token of `oidc_issuer`, or all.
        keys_file: file of the hashes of API keys; default is ``serve-keys.json`` beside the user's
            configuration. ``DEPLOYER_SERVE_KEYS`` may hold hashes too: ``NAME:SHA256,…``.
        oidc_issuer: whose tokens are believed, an ``https://`` address.
        oidc_audience: that a token must name.
        platform: the cloud that checks callers before they get here; its own routes ask for no
            key then.
        max_body: bytes of a request.
        max_rows: rows of a request.
        max_depth: levels of nested JSON.
        max_headers: bytes of a request's headers.
        body_timeout: seconds in which a whole request must have come.
        poll: seconds between two looks at an alias.
        drain: seconds to answer on, not ready, after SIGTERM.
        grace: seconds that requests under way get after that.
        drift_sample: share of requests whose inputs are counted for drift, from 0 to 1.
        access_log: write one JSON line per request to stderr.

    """

    host: str = "127.0.0.1"
    port: int = 8080
    grpc_port: int = 8081
    admin_port: int = 9090
    admin_host: str = "127.0.0.1"
    workers: int = 1
    auth: Literal["keys", "oidc", "none"] = "keys"
    keys_file: str | None = None
    oidc_issuer: str | None = None
    oidc_audience: str | None = None
    platform: Literal["sagemaker", "vertex", "azureml"] | None = None
    max_body: int = 16 * 1024 * 1024
    max_rows: int = 100_000
    max_depth: int = 16
    max_headers: int = 16 * 1024
    body_timeout: float = 10.0
    poll: float = 1.0
    drain: float = 3.0
    grace: float = 20.0
    drift_sample: float = 0.05
    access_log: bool = True

    def __post_init__(self) -> None:
        for name, low, high in (
            ("port", 0, 65535),
            ("grpc_port", 0, 65535),
            ("admin_port", 0, 65535),
            ("workers", 1, 256),
            ("max_body", 1024, 2**31),
            ("max_rows", 1, 10**8),
            ("max_depth", 4, 256),
            ("max_headers", 1024, 2**20),
            ("body_timeout", 0.1, 3600),
            ("poll", 0.05, 3600),
            ("drain", 0, 3600),
            ("grace", 0, 3600),
            ("drift_sample", 0, 1),
        ):
            if not low <= getattr(self, name) <= high:
                raise ValueError(f"{name} must be from {low} to {high}")
        if self.auth == "oidc" and not (self.oidc_issuer and self.oidc_audience):
            raise ValueError("auth = oidc needs oidc_issuer and oidc_audience")


class RouterEndpoint(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """One endpoint behind the router.

    Attributes:
        url: its REST address, such as ``https://penguins.example.com``.
        cloud: where it runs, for people and for locality.
        region: where it is; bound models need to know.
        priority: 0 is used first; the next only when those before are down.
        weight: share of its priority's requests, against the others'.
        canary: whether it serves what is being tried.
        capacity: requests a second that it bears; None if not known.
        ca_file: certificates of the authorities that its own must be signed by; default are those
            that the system trusts.

    """

    url: str
    cloud: str = ""
    region: str | None = None
    priority: int = 0
    weight: int = 100
    canary: bool = False
    capacity: float | None = None
    ca_file: str | None = None


class RouterSettings(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """The router in front of endpoints.

    Attributes:
        model: whose endpoints these are.
        mode: by priority, by weights alone, or the nearest first.
        endpoints: name → endpoint.
        host: address that it listens on.
        port: that it listens on.
        admin_port: of the proxy's own statistics, on loopback.
        region: where the router is, for locality.
        per_try: seconds that one try may take: above the model's p99.9, see `router check`.
        timeout: seconds for all tries together.
        peak: requests a second that must be borne; None if not known.
        dns_name: that DNS failover records are for.

    """

    model: str = ""
    mode: Literal["priority", "weighted", "locality"] = "priority"
    endpoints: dict[str, RouterEndpoint] = {}
    host: str = "127.0.0.1"
    port: int = 8000
    admin_port: int = 9901
    region: str | None = None
    per_try: float = 1.0
    timeout: float = 5.0
    peak: float | None = None
    dns_name: str | None = None


class EndpointSettings(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """One endpoint that ``up`` makes; what is None is taken from ``[infra]``, then by default.

    Attributes:
        region: where it is made; default is that of ``[clouds.NAME]``.
        stores: URL of the registry's store that it reads from; default is ``[clouds.NAME] url``.
        image: container image with its digest, ``REPOSITORY@sha256:…``.
        compute: ``serverless``, or on AWS also ``service`` (Fargate behind a load balancer).
        cpu: of one instance, in vCPU.
        memory: of one instance, in MiB.
        min_instances: kept warm.
        max_instances: at most.
        concurrency: requests at once in one instance.
        timeout: of a request, in seconds.
        log_days: how long logs are kept.
        budget: a month, for an alarm; in US dollars, on Google Cloud and Azure in the
            currency that they bill in.
        alarm: e-mail address that alarms go to.
        domain: DNS name that fails over between clouds.
        zone: the cloud's own id of the DNS zone that `domain` is in.
        project: Google Cloud's project or Azure's subscription.
        keys: name of the secret that holds the hashes of API keys; on ``local`` their file.
        requests: a month, for the estimate of costs.
        public: whether it is reachable from the internet.
        endpoints: how many are made, on ``local`` alone.
        port: of the router, on ``local`` alone; 0 takes any free one and keeps it.

    """

    region: str | None = None
    stores: str | None = None
    image: str | None = None
    compute: Literal["serverless", "service"] | None = None
    cpu: float | None = None
    memory: int | None = None
    min_instances: int | None = None
    max_instances: int | None = None
    concurrency: int | None = None
    timeout: int | None = None
    log_days: int | None = None
    budget: int | None = None
    alarm: str | None = None
    domain: str | None = None
    zone: str | None = None
    project: str | None = None
    keys: str | None = None
    requests: int | None = None
    public: bool | None = None
    endpoints: int | None = None
    port: int | None = None

    def __post_init__(self) -> None:
        if self.endpoints is not None and not 1 <= self.endpoints <= 16:  # noqa: PLR2004
            raise ValueError("endpoints must be from 1 to 16")
        if self.port is not None and not 0 <= self.port <= 65535:  # noqa: PLR2004 - TCP's own
            raise ValueError("port must be from 0 to 65535")


class InfraSuppression(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A finding of a review that is let pass for a time.

    Attributes:
        rule: its id, such as ``DEP008``.
        resource: a pattern (``*``, ``?``) of resource names or URNs.
        reason: why.
        until: the day on which it counts again, such as ``2027-01-31``.

    """

    rule: str
    resource: str
    reason: str
    until: str

    def __post_init__(self) -> None:
        if not self.reason.strip():
            raise ValueError("a suppression needs a reason")
        try:
            date.fromisoformat(self.until)
        except ValueError:
            raise ValueError("until must be a day, such as 2027-01-31") from None


class InfraDemands(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What a review asks beyond the built-in rules.

    Attributes:
        tags: keys that every resource must carry.
        object_lock: whether buckets must have object lock.
        replication: whether buckets must be replicated by their own cloud.

    """

    tags: list[str] = msgspec.field(default_factory=lambda: ["owner", "model", "residency"])
    object_lock: bool = False
    replication: bool = False


class InfraSettings(EndpointSettings, frozen=True):
    """Endpoints that ``plan`` reviews and ``up`` makes; fields as above hold for every cloud.

    Attributes:
        name: of the deployment, which resource names begin with; default is the model's.
        model: its reference in the registry, such as ``penguins@champion``.
        owner: who answers for it.
        environment: such as ``production``; one stack each.
        residency: regions or jurisdictions that it is bound to; default ``[models.NAME]
            residency``.
        clouds: where ``up`` makes endpoints unless told otherwise.
        backend: where states are kept (``s3://…``, ``gs://…``, ``azblob://…``, ``file://…``);
            default is the state folder of this machine.
        secrets_provider: who encrypts secrets in states, such as ``awskms://alias/NAME``; default
            is a passphrase.
        aws: what holds for AWS alone; `gcp`, `azure` and `local` likewise.
        suppress: findings to let pass.
        demands: what else a review asks.

    """

    name: str | None = None
    model: str | None = None
    owner: str | None = None
    environment: str = "production"
    residency: list[str] | None = None
    clouds: list[str] = []
    backend: str | None = None
    secrets_provider: str | None = None
    aws: EndpointSettings | None = None
    gcp: EndpointSettings | None = None
    azure: EndpointSettings | None = None
    local: EndpointSettings | None = None
    suppress: list[InfraSuppression] = []
    demands: InfraDemands = InfraDemands()


class Settings(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """All settings; `region` is where this machine is."""

    region: str | None = None
    clouds: dict[str, CloudSettings] = {}
    models: dict[str, ModelSettings] = {}
    push: Push = Push()
    transfer: Transfer = Transfer()
    signing: Signing = Signing()
    gate: GateSettings = GateSettings()
    serve: ServeSettings = ServeSettings()
    router: RouterSettings = RouterSettings()
    infra: InfraSettings = InfraSettings()

    def gate_of(self, model: str) -> GateSettings:
        """Return the gate's rules for a model."""
        own = self.models.get(model)
        return self.gate if own is None or own.gate is None else own.gate

    def gated(self, model: str, alias: str) -> bool:
        """Return whether nothing but the gate, a rollback or force may move this alias."""
        gate = self.gate_of(model)
        return gate.rules and alias in gate.require_gate_for
