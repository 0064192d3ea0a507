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
    port=80,
    protocol="HTTP",
    default_actions=[
        {
            "type": "redirect",
            "redirect": {"port": "443", "protocol": "HTTPS", "status_code": "HTTP_301"},
        }
    ],
)
