import pulumi_gcp as gcp

server = gcp.cloudrunv2.Service(  # <- DEP033
    "server",
    location="europe-west3",
    template=gcp.cloudrunv2.ServiceTemplateArgs(
        service_account="server@project.iam.gserviceaccount.com",
        containers=[
            gcp.cloudrunv2.ServiceTemplateContainerArgs(image="registry.example:5000/penguins"),
        ],
    ),
)
