"""Programs made by hand, for tests of what is concluded from them."""

from typing import Any

from infra.configuration import EndpointConfig
from infra.resources import Place, Program, Resource

SERVER_IMAGE = f"registry.example/penguins@sha256:{'cd' * 32}"


def resource(token: str, name: str, /, line: int = 0, **fields: Any) -> Resource:
    """Return a resource; what is no field of one is an input."""
    own = {k: fields.pop(k) for k in list(fields) if k in Resource.__struct_fields__}
    inputs = {**own.pop("inputs", {}), **fields}
    return Resource(
        urn=own.pop("urn", f"urn:pulumi:review::deployer::{token}::{name}"),
        type=token,
        name=name,
        inputs=inputs,
        place=own.pop("place", Place("main.py", line) if line else None),
        **own,
    )


def program(*resources: Resource, cloud: str = "", region: str = "", **outputs: Any) -> Program:
    return Program(
        project=f"deployer-{cloud}" if cloud else "shop",
        stack="review",
        cloud=cloud,
        region=region,
        resources=resources,
        outputs=outputs,
    )


def config(cloud: Any = "aws", **fields: Any) -> EndpointConfig:
    known = {
        "name": "penguins",
        "region": {"aws": "eu-central-1", "gcp": "europe-west3"}.get(cloud, "germanywestcentral"),
        "model": "penguins",
        "digest": "ab" * 32,
        "stores": "s3://penguins",
        "image": SERVER_IMAGE,
        "owner": "ml-team",
        "residency": ("EU",),
    }
    return EndpointConfig(cloud=cloud, **{**known, **fields})


def aws(**changes: Any) -> Program:
    """An endpoint on AWS, as small as facts and costs need it; `changes` are the function's."""
    function = {"timeout": 30, "memorySize": 2048, "imageUri": SERVER_IMAGE, **changes}
    bucket = resource("aws:s3/bucket:Bucket", "models", 1, protect=True)
    return program(
        bucket,
        resource(
            "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
            "models",
            2,
            rules=[{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms"}}],
        ),
        resource(
            "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
            "models",
            3,
            blockPublicAcls=True,
            blockPublicPolicy=True,
            ignorePublicAcls=True,
            restrictPublicBuckets=True,
        ),
        resource(
            "aws:s3/bucketVersioning:BucketVersioning",
            "models",
            4,
            versioningConfiguration={"status": "Enabled"},
        ),
        resource("aws:lambda/function:Function", "server", 5, inputs=function),
        resource(
            "aws:lambda/provisionedConcurrencyConfig:ProvisionedConcurrencyConfig",
            "warm",
            6,
            provisionedConcurrentExecutions=1,
        ),
        resource("aws:apigatewayv2/api:Api", "api", 7, protocolType="HTTP"),
        resource("aws:cloudwatch/logGroup:LogGroup", "logs", 8, retentionInDays=365),
        cloud="aws",
        region="eu-central-1",
        digest="ab" * 32,
        health_path="/v2/models/penguins/ready",
    )


def gcp(**changes: Any) -> Program:
    """The same on Google Cloud; `changes` are the service's template's."""
    template = {
        "timeout": "30s",
        "maxInstanceRequestConcurrency": 16,
        "scaling": {"minInstanceCount": 1, "maxInstanceCount": 10},
        "containers": [
            {
                "image": SERVER_IMAGE,
                "resources": {"limits": {"cpu": "1", "memory": "2Gi"}, "cpuIdle": True},
                "startupProbe": {"httpGet": {"path": "/v2/models/penguins/ready"}},
            }
        ],
        **changes,
    }
    return program(
        resource(
            "gcp:storage/bucket:Bucket",
            "models",
            1,
            location="EUROPE-WEST3",
            encryption={"defaultKmsKeyName": "projects/p/key"},
            versioning={"enabled": True},
            publicAccessPrevention="enforced",
        ),
        resource(
            "gcp:cloudrunv2/service:Service",
            "server",
            2,
            location="europe-west3",
            ingress="INGRESS_TRAFFIC_ALL",
            template=template,
        ),
        cloud="gcp",
        region="europe-west3",
        digest="ab" * 32,
        health_path="/v2/models/penguins/ready",
    )


def azure(**changes: Any) -> Program:
    """The same on Azure; `changes` are the app's ingress's."""
    ingress = {"external": True, "allowInsecure": False, **changes}
    return program(
        resource(
            "azure-native:storage:StorageAccount",
            "models",
            1,
            location="germanywestcentral",
            encryption={"keySource": "Microsoft.Keyvault"},
            allowBlobPublicAccess=False,
            sku={"name": "Standard_ZRS"},
        ),
        resource(
            "azure-native:storage:BlobServiceProperties", "models", 2, isVersioningEnabled=True
        ),
        resource(
            "azure-native:app:ContainerApp",
            "server",
            3,
            location="germanywestcentral",
            configuration={"ingress": ingress},
            template={
                "scale": {
                    "minReplicas": 1,
                    "maxReplicas": 10,
                    "rules": [{"http": {"metadata": {"concurrentRequests": "16"}}}],
                },
                "containers": [
                    {
                        "image": SERVER_IMAGE,
                        "resources": {"cpu": 1, "memory": "2Gi"},
                        "probes": [{"httpGet": {"path": "/v2/models/penguins/ready"}}],
                    }
                ],
            },
        ),
        cloud="azure",
        region="germanywestcentral",
        digest="ab" * 32,
        health_path="/v2/models/penguins/ready",
    )
