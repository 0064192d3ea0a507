# mypy: ignore-errors
"""A container app with a registry's password, as the examples do it."""

import pulumi
from pulumi_azure_native import app, containerregistry, operationalinsights, resources

group = resources.ResourceGroup("group")
workspace = operationalinsights.Workspace(
    "logs", resource_group_name=group.name, sku={"name": "PerGB2018"}, retention_in_days=30
)
keys = pulumi.Output.all(group.name, workspace.name).apply(
    lambda args: operationalinsights.get_shared_keys(
        resource_group_name=args[0], workspace_name=args[1]
    )
)
environment = app.ManagedEnvironment(
    "env",
    resource_group_name=group.name,
    app_logs_configuration=app.AppLogsConfigurationArgs(
        destination="log-analytics",
        log_analytics_configuration=app.LogAnalyticsConfigurationArgs(
            customer_id=workspace.customer_id,
            shared_key=keys.apply(lambda each: each.primary_shared_key),
        ),
    ),
)
registry = containerregistry.Registry(
    "registry", resource_group_name=group.name, sku={"name": "Basic"}, admin_user_enabled=True
)
credentials = containerregistry.list_registry_credentials_output(
    resource_group_name=group.name, registry_name=registry.name
)
password = credentials.passwords[0]["value"]
container = app.ContainerApp(
    "app",
    resource_group_name=group.name,
    managed_environment_id=environment.id,
    configuration=app.ConfigurationArgs(
        ingress=app.IngressArgs(external=True, target_port=80),
        registries=[
            app.RegistryCredentialsArgs(
                server=registry.login_server,
                username=credentials.username,
                password_secret_ref="pwd",
            )
        ],
        secrets=[app.SecretArgs(name="pwd", value=password)],
    ),
    template=app.TemplateArgs(
        containers=[
            app.ContainerArgs(
                name="app", image=registry.login_server.apply(lambda host: f"{host}/app:v1")
            )
        ]
    ),
)
pulumi.export(
    "url", container.configuration.apply(lambda c: c.ingress).apply(lambda i: "https://" + i.fqdn)
)
