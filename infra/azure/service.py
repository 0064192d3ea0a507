"""The server as a container app."""

from collections.abc import Sequence

import pulumi
from pulumi_azure_native import (
    app,
    containerregistry,
    managedidentity,
    operationalinsights,
    privatedns,
)

from infra.azure import names
from infra.azure.keys import Keys
from infra.azure.logs import send_logs
from infra.azure.network import Network, make_zone
from infra.azure.site import Site
from infra.contract import LIVE_PATH, PORT_VARIABLE, READY_PATH

__all__ = ["PORT", "make_app", "make_environment"]

PORT = 8080

_PROFILE = "Consumption"
_SECRET = "serve-keys"  # noqa: S105 - what the app calls it
_GRACE = 30  # seconds between SIGTERM and the end


def make_environment(
    site: Site, net: Network, workspace: operationalinsights.Workspace
) -> app.ManagedEnvironment:
    """Make what apps run in: in our network, its inner traffic encrypted, its logs kept.

    The environment of an endpoint that is not public has an address in the network alone, and the
    network finds it by a DNS zone of its own:
    https://learn.microsoft.com/azure/container-apps/private-endpoints-and-dns
    """
    public = site.config.public
    environment = app.ManagedEnvironment(
        site.name("apps"),
        resource_group_name=site.group.name,
        environment_name=names.short(names.app(site.name("apps")), 32),
        location=site.config.region,
        vnet_configuration=app.VnetConfigurationArgs(
            infrastructure_subnet_id=net.apps.id, internal=not public
        ),
        public_network_access=app.PublicNetworkAccess.ENABLED
        if public
        else app.PublicNetworkAccess.DISABLED,
        workload_profiles=[app.WorkloadProfileArgs(name=_PROFILE, workload_profile_type=_PROFILE)],
        zone_redundant=names.zones(site.config.region),
        peer_traffic_configuration=app.ManagedEnvironmentPeerTrafficConfigurationArgs(
            encryption=app.ManagedEnvironmentEncryptionArgs(enabled=True)
        ),
        # By way of Azure Monitor: the other way needs the workspace's key.
        app_logs_configuration=app.AppLogsConfigurationArgs(destination="azure-monitor"),
        tags=site.tags,
        opts=site.opts(),
    )
    send_logs(
        site,
        "apps",
        environment.id,
        workspace,
        ["ContainerAppConsoleLogs", "ContainerAppSystemLogs"],
    )
    if not public:
        zone, _ = make_zone(site, "apps", net, environment.default_domain)
        privatedns.PrivateRecordSet(
            site.name("apps"),
            resource_group_name=site.group.name,
            private_zone_name=zone.name,
            record_type="A",
            relative_record_set_name="*",
            ttl=300,
            a_records=[privatedns.ARecordArgs(ipv4_address=environment.static_ip)],
            opts=site.opts(),
        )
    return environment


def make_app(
    site: Site,
    environment: app.ManagedEnvironment,
    registry: containerregistry.Registry,
    identity: managedidentity.UserAssignedIdentity,
    keys: Keys,
    *,
    ready: Sequence[pulumi.Resource],
) -> app.ContainerApp:
    """Make the app from the image.

    Its ingress takes HTTPS alone, ends TLS at 1.2 or 1.3, and cuts a request off after 240 s,
    whatever the configuration says (https://learn.microsoft.com/azure/container-apps/ingress-overview).
    The image's own user is a number and not root; Container Apps can neither set one nor make the
    root read-only. Privileged containers do not run there at all.

    Args:
        site: where.
        environment: in which it runs.
        registry: that the image may come from.
        identity: whom it runs as.
        keys: hashes of API keys.
        ready: what must be there before it starts.

    """
    config = site.config
    _, ours = names.registry(config)
    return app.ContainerApp(
        site.name("server"),
        resource_group_name=site.group.name,
        container_app_name=names.app(config.name),
        location=config.region,
        environment_id=environment.id,
        workload_profile_name=_PROFILE,
        identity=app.ManagedServiceIdentityArgs(
            type=app.ManagedServiceIdentityType.USER_ASSIGNED,
            user_assigned_identities=[identity.id],
        ),
        configuration=app.ConfigurationArgs(
            active_revisions_mode=app.ActiveRevisionsMode.SINGLE,
            max_inactive_revisions=5,
            ingress=app.IngressArgs(
                # Out of the environment; that of a private endpoint is in the network alone.
                external=True,
                target_port=PORT,
                transport=app.IngressTransportMethod.AUTO,
                allow_insecure=False,
                traffic=[app.TrafficWeightArgs(latest_revision=True, weight=100)],
            ),
            registries=[
                app.RegistryCredentialsArgs(server=registry.login_server, identity=identity.id)
            ]
            if ours
            else [],
            secrets=[app.SecretArgs(name=_SECRET, key_vault_url=keys.url, identity=identity.id)],
        ),
        template=app.TemplateArgs(
            containers=[_container(site, identity)],
            scale=app.ScaleArgs(
                min_replicas=config.min_instances,
                max_replicas=config.max_instances,
                rules=[
                    app.ScaleRuleArgs(
                        name="requests",
                        http=app.HttpScaleRuleArgs(
                            metadata={"concurrentRequests": str(config.concurrency)}
                        ),
                    )
                ],
            ),
            termination_grace_period_seconds=_GRACE,
        ),
        tags=site.tags,
        # Who owns the domain binds its certificate.
        opts=site.opts(after=[*keys.ready, *ready], ignore=["configuration.ingress.customDomains"]),
    )


def _container(site: Site, identity: managedidentity.UserAssignedIdentity) -> app.ContainerArgs:
    config = site.config
    cpu, memory = names.app_size(config.cpu, config.memory)
    variables: dict[str, pulumi.Input[str]] = {
        PORT_VARIABLE: str(PORT),
        "DEPLOYER_SERVE_MODELS": f"{config.model}@sha256:{config.digest}",
        "DEPLOYER_CLOUDS_AZURE_URL": config.stores,
        "DEPLOYER_CLOUDS_AZURE_REGION": config.region,
        # Which of the app's identities is meant, for DefaultAzureCredential.
        "AZURE_CLIENT_ID": identity.client_id,
    }
    return app.ContainerArgs(
        name="server",
        image=config.image,
        resources=app.ContainerResourcesArgs(cpu=cpu, memory=f"{memory:g}Gi"),
        env=[
            *(app.EnvironmentVarArgs(name=name, value=value) for name, value in variables.items()),
            app.EnvironmentVarArgs(name="DEPLOYER_SERVE_KEYS", secret_ref=_SECRET),
        ],
        # Ready after a real inference on the model's golden rows, for which it is fetched first.
        probes=[
            _probe(app.Type.STARTUP, READY_PATH, failures=10),
            _probe(app.Type.READINESS, READY_PATH, failures=3),
            _probe(app.Type.LIVENESS, LIVE_PATH, failures=3),
        ],
    )


def _probe(kind: app.Type, path: str, *, failures: int) -> app.ContainerAppProbeArgs:
    return app.ContainerAppProbeArgs(
        type=kind,
        http_get=app.ContainerAppProbeHttpGetArgs(path=path, port=PORT, scheme=app.Scheme.HTTP),
        period_seconds=10,
        timeout_seconds=5,
        failure_threshold=failures,
    )
