import pulumi_aws as aws

aws.lb.LoadBalancer(  # <- DEP016
    "api",
    subnets=["subnet-1", "subnet-2"],
    drop_invalid_header_fields=True,
    desync_mitigation_mode="monitor",
    access_logs={"bucket": "logs", "enabled": True},
)
