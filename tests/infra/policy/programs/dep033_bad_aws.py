import json

import pulumi_aws as aws

repository = aws.ecr.Repository("penguins", name="penguins")
aws.lambda_.Function(  # <- DEP033
    "server",
    package_type="Image",
    image_uri=repository.repository_url.apply(lambda url: f"{url}:latest"),
    role="arn:aws:iam::123456789012:role/server",
)
aws.ecs.TaskDefinition(  # <- DEP033
    "server",
    family="server",
    container_definitions=json.dumps(
        [{"name": "server", "image": "registry.example/penguins:main"}]
    ),
)
