import pulumi_aws as aws

aws.ecs.Service(  # <- DEP053
    "server",
    task_definition="server:1",
    enable_execute_command=True,
)
