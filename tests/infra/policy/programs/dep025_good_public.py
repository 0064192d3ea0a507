import pulumi_gcp as gcp

server = gcp.cloudrunv2.Service(
    "server",
    location="europe-west3",
    template=gcp.cloudrunv2.ServiceTemplateArgs(
        service_account="server@project.iam.gserviceaccount.com",
        containers=[
            gcp.cloudrunv2.ServiceTemplateContainerArgs(image="registry.example/penguins:1.2"),
        ],
    ),
)
gcp.cloudrunv2.ServiceIamMember(
    "caller",
    name=server.name,
    location="europe-west3",
    role="roles/run.invoker",
    member="allUsers",
)
