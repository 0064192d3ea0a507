# demands {"public": false}
import pulumi_gcp as gcp

server = gcp.cloudrun.Service(
    "server",
    location="europe-west3",
    template=gcp.cloudrun.ServiceTemplateArgs(
        spec=gcp.cloudrun.ServiceTemplateSpecArgs(
            containers=[
                gcp.cloudrun.ServiceTemplateSpecContainerArgs(image="registry.example/penguins:1.2")
            ],
        ),
    ),
)
gcp.cloudrun.IamBinding(  # <- DEP025
    "callers",
    service=server.name,
    location="europe-west3",
    role="roles/run.invoker",
    members=["allAuthenticatedUsers"],
)
