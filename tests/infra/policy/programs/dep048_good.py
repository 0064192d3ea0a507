import json

import pulumi_aws as aws

aws.apigatewayv2.Stage(
    "api",
    api_id="abcdefghij",
    name="$default",
    access_log_settings={
        "destination_arn": "arn:aws:logs:eu-central-1:123456789012:log-group:api",
        "format": "$context.requestId",
    },
)
aws.ecs.TaskDefinition(
    "server",
    family="server",
    container_definitions=json.dumps(
        [
            {
                "name": "server",
                "image": "registry.example/penguins@sha256:cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd",
                "logConfiguration": {
                    "logDriver": "awslogs",
                    "options": {"awslogs-group": "server", "awslogs-region": "eu-central-1"},
                },
            }
        ]
    ),
)
aws.ecs.Cluster("cluster", settings=[{"name": "containerInsights", "value": "enhanced"}])
aws.ecs.Service("server", task_definition="server:1", propagate_tags="SERVICE")
