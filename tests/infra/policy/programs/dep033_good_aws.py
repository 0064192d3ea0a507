import json

import pulumi_aws as aws

repository = aws.ecr.Repository("penguins", name="penguins")
aws.lambda_.Function(
    "server",
    package_type="Image",
    image_uri=repository.repository_url.apply(lambda url: f"{url}:1.2"),
    role="arn:aws:iam::123456789012:role/server",
)
aws.ecs.TaskDefinition(
    "server",
    family="server",
    container_definitions=json.dumps(
        [{"name": "server", "image": "registry.example/penguins@sha256:cdcdcdcdcdcdcdcd"}]
    ),
)
