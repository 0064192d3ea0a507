import pulumi_aws as aws

aws.ecs.Service("server", task_definition="server:1")  # <- DEP048
