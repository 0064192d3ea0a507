import json

import pulumi_aws as aws

aws.ecs.TaskDefinition(  # <- DEP054
    "server",
    family="server",
    container_definitions=json.dumps(
        [
            {
                "name": "server",
                "image": "registry.example/penguins@sha256:cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd",
            }
        ]
    ),
)
