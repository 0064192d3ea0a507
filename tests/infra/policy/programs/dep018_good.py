import json

import pulumi_aws as aws

task = aws.ecs.TaskDefinition(
    "server",
    family="server",
    requires_compatibilities=["FARGATE"],
    network_mode="awsvpc",
    cpu="256",
    memory="512",
    execution_role_arn="arn:aws:iam::123456789012:role/starter",
    task_role_arn="arn:aws:iam::123456789012:role/server",
    container_definitions=json.dumps(
        [
            {
                "name": "server",
                "image": "registry.example/penguins@sha256:" + "cd" * 32,
                "privileged": False,
                "readonlyRootFilesystem": True,
            }
        ]
    ),
)
aws.ecs.Service(
    "server",
    task_definition=task.arn,
    network_configuration={"subnets": ["subnet-1"], "assign_public_ip": False},
)
