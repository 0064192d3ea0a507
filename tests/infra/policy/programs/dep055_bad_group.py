import pulumi_aws as aws

net = aws.ec2.Vpc("net", cidr_block="10.0.0.0/16")
aws.ec2.DefaultSecurityGroup(  # <- DEP055
    "net",
    vpc_id=net.id,
    ingress=[{"protocol": "-1", "from_port": 0, "to_port": 0, "self": True}],
)
