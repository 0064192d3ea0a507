import pulumi_azure_native as azure
import pulumi_gcp as gcp

gcp.cloudrunv2.Service(
    "server",
    location="europe-west3",
    template=gcp.cloudrunv2.ServiceTemplateArgs(
        containers=[
            gcp.cloudrunv2.ServiceTemplateContainerArgs(
                image="registry.example/p:1",
                ports=gcp.cloudrunv2.ServiceTemplateContainerPortsArgs(container_port=8080),
                startup_probe=gcp.cloudrunv2.ServiceTemplateContainerStartupProbeArgs(
                    grpc=gcp.cloudrunv2.ServiceTemplateContainerStartupProbeGrpcArgs(port=8080)
                ),
                liveness_probe=gcp.cloudrunv2.ServiceTemplateContainerLivenessProbeArgs(
                    http_get=gcp.cloudrunv2.ServiceTemplateContainerLivenessProbeHttpGetArgs(
                        path="/live"
                    )
                ),
                readiness_probe=gcp.cloudrunv2.ServiceTemplateContainerReadinessProbeArgs(
                    http_get=gcp.cloudrunv2.ServiceTemplateContainerReadinessProbeHttpGetArgs(
                        path="/ready"
                    )
                ),
            ),
            gcp.cloudrunv2.ServiceTemplateContainerArgs(image="registry.example/sidecar:1"),
        ]
    ),
)
azure.app.ContainerApp(
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
                        type=kind,
                        http_get=azure.app.ContainerAppProbeHttpGetArgs(path="/", port=8080),
                    )
                    for kind in ("Startup", "Readiness", "Liveness")
                ],
            )
        ]
    ),
)
azure.app.ContainerApp(
    "worker",
    resource_group_name="penguins",
    template=azure.app.TemplateArgs(
        containers=[azure.app.ContainerArgs(name="worker", image="registry.example/w:1")]
    ),
)
