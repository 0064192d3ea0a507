# mypy: ignore-errors
# ruff: noqa: PTH118, PTH120
import os

import pulumi
import pulumi_gcp as gcp

project = gcp.organizations.get_project()
client = gcp.organizations.get_client_config()
apis = [
    gcp.projects.Service(name.split(".")[0], service=name, disable_on_destroy=False)
    for name in ("run.googleapis.com", "cloudfunctions.googleapis.com")
]
bucket = gcp.storage.Bucket("code", location="EU", uniform_bucket_level_access=True)
source = os.path.join(os.path.dirname(__file__), "function")
code = gcp.storage.BucketObject(
    "code", bucket=bucket.name, source=pulumi.AssetArchive({".": pulumi.FileArchive(source)})
)
function = gcp.cloudfunctionsv2.Function(
    "function",
    location="europe-west1",
    build_config={
        "runtime": "python312",
        "entry_point": "main",
        "source": {"storage_source": {"bucket": bucket.name, "object": code.name}},
    },
    service_config={
        "available_memory": "256M",
        "environment_variables": {"NUMBER": project.number, "PROJECT": client.project},
    },
    opts=pulumi.ResourceOptions(depends_on=apis),
)
pulumi.export("uri", function.service_config.uri)
pulumi.export("host", function.url.apply(lambda url: url.split("/")[2]))
