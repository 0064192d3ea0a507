import json

import pulumi_aws as aws

aws.s3.Bucket("models", bucket="penguins-models")  # <- DEP047
aws.ecs.TaskDefinition(
    "server",
    family="server",
    container_definitions=json.dumps(
        [
            {
                "name": "server",
                "image": "registry.example/penguins@sha256:" + "cd" * 32,
                "environment": [
                    {"name": "DEPLOYER_CLOUDS_AWS_URL", "value": "s3://penguins-models"}
                ],
            }
        ]
    ),
)
