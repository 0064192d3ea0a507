import pulumi_gcp as gcp

server = gcp.cloudrunv2.Service(  # <- DEP026
    "server",
    location="europe-west3",
    template=gcp.cloudrunv2.ServiceTemplateArgs(
        containers=[
            gcp.cloudrunv2.ServiceTemplateContainerArgs(image="registry.example/penguins:1.2"),
        ],
    ),
)
