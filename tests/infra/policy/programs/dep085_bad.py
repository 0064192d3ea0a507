import pulumi_azure_native as azure
import pulumi_gcp as gcp

gcp.cloudrunv2.Service(  # <- DEP085
    "server",
    location="europe-west3",
    template=gcp.cloudrunv2.ServiceTemplateArgs(
        containers=[gcp.cloudrunv2.ServiceTemplateContainerArgs(image="registry.example/p:1")]
    ),
)
azure.app.ContainerApp(  # <- DEP085
    "server",
    resource_group_name="penguins",
    configuration=azure.app.ConfigurationArgs(
        ingress=azure.app.IngressArgs(external=True, target_port=8080)
    ),
    template=azure.app.TemplateArgs(
        containers=[
            azure.app.ContainerArgs(
                name="server",
                image="registry.example/p:1",
                probes=[
                    azure.app.ContainerAppProbeArgs(
                        type="Liveness",
                        tcp_socket=azure.app.ContainerAppProbeTcpSocketArgs(port=8080),
                    )
                ],
            )
        ]
    ),
)
