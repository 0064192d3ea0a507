import pulumi_aws as aws

aws.ecs.Cluster(  # <- DEP048
    "cluster",
    settings=[{"name": "containerInsights", "value": "disabled"}],
)
