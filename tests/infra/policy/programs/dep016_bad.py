import pulumi_aws as aws

balancer = aws.lb.LoadBalancer(
    "server",
    load_balancer_type="application",
    subnets=["subnet-1", "subnet-2"],
    drop_invalid_header_fields=True,
    access_logs={"bucket": "penguins-logs", "enabled": True},
)
aws.lb.Listener(  # <- DEP016
    "server",
    load_balancer_arn=balancer.arn,
    port=80,
    protocol="HTTP",
    default_actions=[{"type": "forward", "target_group_arn": "arn:aws:elasticloadbalancing:x"}],
)
