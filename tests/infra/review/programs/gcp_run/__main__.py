# mypy: ignore-errors
"""A container that anybody may call."""

import pulumi
import pulumi_gcp as gcp

config = pulumi.Config("gcp")
region = config.require("region")
account = gcp.serviceaccount.Account("runner", account_id="runner", display_name="Runner")
service = gcp.cloudrunv2.Service(
    "hello",
    location=region,
    ingress="INGRESS_TRAFFIC_ALL",
    template=gcp.cloudrunv2.ServiceTemplateArgs(
        service_account=account.email,
        containers=[
            gcp.cloudrunv2.ServiceTemplateContainerArgs(
                image="gcr.io/cloudrun/hello",
                envs=[{"name": "API_KEY", "value": "AIzaSyA1234567890abcdefghijklmnopqrstuv"}],
            )
        ],
    ),
)
gcp.cloudrunv2.ServiceIamMember(
    "everyone", name=service.name, location=region, role="roles/run.invoker", member="allUsers"
)
gcp.projects.IAMMember(
    "editor",
    project=config.require("project"),
    role="roles/editor",
    member=account.email.apply(lambda email: f"serviceAccount:{email}"),
)
pulumi.export("url", service.uri)
