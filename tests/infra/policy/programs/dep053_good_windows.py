import json

import pulumi_aws as aws

aws.ecs.TaskDefinition(
    "server",
    family="server",
    runtime_platform={"operating_system_family": "WINDOWS_SERVER_2022_CORE"},
    container_definitions=json.dumps(
        [
            {
                "name": "server",
                "image": "registry.example/penguins@sha256:cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd",
            }
        ]
    ),
)
