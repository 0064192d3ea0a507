"""The server as a Cloud Run service."""

from collections.abc import Sequence

import pulumi
import pulumi_gcp as gcp

from infra.contract import LIVE_PATH, READY_PATH
from infra.gcp import names
from infra.gcp.keys import Keys
from infra.gcp.site import Site

__all__ = ["PORT", "make_service"]

PORT = 8080
"""Cloud Run sets the variable ``PORT`` to it."""

_CONTAINER = "server"
_DRAIN, _GRACE = 2, 7  # seconds; Cloud Run kills 10 s after SIGTERM


def make_service(
    site: Site,
    account: gcp.serviceaccount.Account,
    keys: Keys,
    *,
    ready: Sequence[pulumi.Resource],
) -> gcp.cloudrunv2.Service:
    """Make the service from the image.

    Who may call it: nobody is named an invoker, least of all ``allUsers`` (CKV_GCP_102). The check
    of Google identities is off, because callers on other clouds have none and the router adds none:
    every request must bring an API key, which the server itself checks against the secret, and a
    server without hashes lets nobody in
    (https://cloud.google.com/run/docs/securing/managing-access#invoker_check). From where:

    * with a domain, by the load balancer alone, which ends TLS in the region; the address under
      ``run.app`` is off;
    * public without a domain, by ``https://…run.app``: a balancer would have no certificate;
    * not public, from the project's own networks.

    The image's own user is a number and not root; Cloud Run can neither set one nor make the root
    read-only (writes go to memory and are gone with the instance):
    https://cloud.google.com/run/docs/container-contract

    Args:
        site: where.
        account: whom it runs as.
        keys: hashes of API keys.
        ready: what must be there before it starts.

    """
    config = site.config
    return gcp.cloudrunv2.Service(
        site.name("server"),
        location=config.region,
        project=site.project,
        description=f"{config.model}@sha256:{config.digest}"[:512],
        ingress=_ingress(site),
        default_uri_disabled=bool(names.domain(config)),
        invoker_iam_disabled=True,
        # The engine's own protection is for what holds data; this can be made again.
        deletion_protection=False,
        labels=site.labels,
        template=gcp.cloudrunv2.ServiceTemplateArgs(
            service_account=account.email,
            execution_environment="EXECUTION_ENVIRONMENT_GEN2",
            max_instance_request_concurrency=config.concurrency,
            timeout=f"{config.timeout}s",
            scaling=gcp.cloudrunv2.ServiceTemplateScalingArgs(
                min_instance_count=config.min_instances, max_instance_count=config.max_instances
            ),
            labels=site.labels,
            containers=[_container(site, keys)],
        ),
        traffics=[
            gcp.cloudrunv2.ServiceTrafficArgs(
                type="TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST", percent=100
            )
        ],
        opts=site.opts(after=[*keys.ready, *ready]),
    )


def _ingress(site: Site) -> str:
    if not site.config.public:
        return "INGRESS_TRAFFIC_INTERNAL_ONLY"
    return (
        "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER"
        if names.domain(site.config)
        else "INGRESS_TRAFFIC_ALL"
    )


def _container(site: Site, keys: Keys) -> gcp.cloudrunv2.ServiceTemplateContainerArgs:
    config = site.config
    cpu, memory = names.run_size(config.cpu, config.memory)
    variables = {
        "DEPLOYER_SERVE_MODELS": f"{config.model}@sha256:{config.digest}",
        "DEPLOYER_CLOUDS_GCP_URL": config.stores,
        "DEPLOYER_CLOUDS_GCP_REGION": config.region,
        "DEPLOYER_SERVE_DRAIN": str(_DRAIN),
        "DEPLOYER_SERVE_GRACE": str(_GRACE),
    }
    return gcp.cloudrunv2.ServiceTemplateContainerArgs(
        name=_CONTAINER,
        image=config.image,
        ports=gcp.cloudrunv2.ServiceTemplateContainerPortsArgs(name="http1", container_port=PORT),
        envs=[
            *(
                gcp.cloudrunv2.ServiceTemplateContainerEnvArgs(name=name, value=value)
                for name, value in variables.items()
            ),
            gcp.cloudrunv2.ServiceTemplateContainerEnvArgs(
                name="DEPLOYER_SERVE_KEYS",
                value_source=gcp.cloudrunv2.ServiceTemplateContainerEnvValueSourceArgs(
                    secret_key_ref=gcp.cloudrunv2.ServiceTemplateContainerEnvValueSourceSecretKeyRefArgs(
                        secret=keys.name, version="latest"
                    )
                ),
            ),
        ],
        resources=gcp.cloudrunv2.ServiceTemplateContainerResourcesArgs(
            limits={"cpu": str(cpu), "memory": f"{memory}Mi"},
            # A processor between requests is paid for where instances are kept warm anyway.
            cpu_idle=True,
            startup_cpu_boost=True,
        ),
        # Ready after a real inference on the model's golden rows, for which it is fetched first.
        startup_probe=gcp.cloudrunv2.ServiceTemplateContainerStartupProbeArgs(
            http_get=gcp.cloudrunv2.ServiceTemplateContainerStartupProbeHttpGetArgs(
                path=READY_PATH, port=PORT
            ),
            period_seconds=5,
            timeout_seconds=4,
            failure_threshold=48,
        ),
        liveness_probe=gcp.cloudrunv2.ServiceTemplateContainerLivenessProbeArgs(
            http_get=gcp.cloudrunv2.ServiceTemplateContainerLivenessProbeHttpGetArgs(
                path=LIVE_PATH, port=PORT
            ),
            period_seconds=10,
            timeout_seconds=5,
            failure_threshold=3,
        ),
        readiness_probe=gcp.cloudrunv2.ServiceTemplateContainerReadinessProbeArgs(
            http_get=gcp.cloudrunv2.ServiceTemplateContainerReadinessProbeHttpGetArgs(
                path=READY_PATH, port=PORT
            ),
            period_seconds=10,
            timeout_seconds=5,
            success_threshold=1,
            failure_threshold=3,
        ),
    )
