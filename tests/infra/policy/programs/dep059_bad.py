import pulumi_aws as aws

aws.ecs.Service(  # <- DEP059
    "server",
    task_definition="server:1",
    deployment_circuit_breaker={"enable": True, "rollback": False},
)
