import pulumi_aws as aws

aws.cloudwatch.LogGroup(  # <- DEP022
    "server",
    name="/penguins/server",
    retention_in_days=365,
)
