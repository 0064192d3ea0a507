import pulumi_gcp as gcp

gcp.cloudrunv2.Service(  # <- DEP066
    "server",
    location="europe-west3",
    template=gcp.cloudrunv2.ServiceTemplateArgs(
        containers=[gcp.cloudrunv2.ServiceTemplateContainerArgs(image="registry.example/p:1")]
    ),
)
