import pulumi_aws as aws

group = aws.ec2.SecurityGroup("server", description="The server", vpc_id="vpc-1")
aws.vpc.SecurityGroupIngressRule(  # <- DEP017
    "all",
    security_group_id=group.id,
    ip_protocol="-1",
    cidr_ipv4="0.0.0.0/0",
)
aws.vpc.SecurityGroupEgressRule(  # <- DEP017
    "all",
    security_group_id=group.id,
    ip_protocol="-1",
    cidr_ipv6="::/0",
)
aws.ec2.SecurityGroupRule(  # <- DEP017
    "old",
    security_group_id=group.id,
    type="ingress",
    protocol="-1",
    from_port=0,
    to_port=0,
    cidr_blocks=["0.0.0.0/0"],
)
