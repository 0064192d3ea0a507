import pulumi_azure_native as azure

azure.app.ContainerApp(  # <- DEP028
    "server",
    resource_group_name="penguins",
    managed_environment_id="/subscriptions/s/environments/e",
    configuration=azure.app.ConfigurationArgs(
        ingress=azure.app.IngressArgs(external=True, target_port=8080, allow_insecure=True),
    ),
    template=azure.app.TemplateArgs(
        containers=[azure.app.ContainerArgs(name="server", image="registry.example/penguins:1.2")],
    ),
)
