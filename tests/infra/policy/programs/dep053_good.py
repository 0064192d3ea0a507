import json

import pulumi_aws as aws

aws.ecs.TaskDefinition(
    "server",
    family="server",
    container_definitions=json.dumps(
        [
            {
                "name": "server",
                "image": "registry.example/penguins@sha256:cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd",
                "user": "65532:65532",
            }
        ]
    ),
)
aws.ecs.Service("server", task_definition="server:1", enable_execute_command=False)
