import pulumi_aws as aws

balancer = aws.lb.LoadBalancer(
    "server",
    load_balancer_type="application",
    subnets=["subnet-1", "subnet-2"],
    drop_invalid_header_fields=True,
    access_logs={"bucket": "penguins-logs", "enabled": True},
)
aws.lb.Listener(
    "server",
    load_balancer_arn=balancer.arn,
    port=443,
    protocol="HTTPS",
    certificate_arn="arn:aws:acm:eu-central-1:123456789012:certificate/1",
    ssl_policy="ELBSecurityPolicy-TLS13-1-2-2021-06",
    default_actions=[{"type": "forward", "target_group_arn": "arn:aws:elasticloadbalancing:x"}],
)
