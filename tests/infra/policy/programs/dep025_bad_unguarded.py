# demands {"public": false}
import pulumi_gcp as gcp

server = gcp.cloudrunv2.Service(  # <- DEP025
    "server",
    location="europe-west3",
    invoker_iam_disabled=True,
    template=gcp.cloudrunv2.ServiceTemplateArgs(
        service_account="server@project.iam.gserviceaccount.com",
        containers=[
            gcp.cloudrunv2.ServiceTemplateContainerArgs(image="registry.example/penguins:1.2"),
        ],
    ),
)
