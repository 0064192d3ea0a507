import pulumi_aws as aws

group = aws.ec2.SecurityGroup("server", description="The server", vpc_id="vpc-1")
aws.vpc.SecurityGroupIngressRule(
    "web",
    security_group_id=group.id,
    ip_protocol="tcp",
    from_port=443,
    to_port=443,
    cidr_ipv4="0.0.0.0/0",
)
aws.vpc.SecurityGroupEgressRule(
    "all",
    security_group_id=group.id,
    ip_protocol="-1",
    cidr_ipv4="10.0.0.0/16",
)
aws.ec2.SecurityGroupRule(
    "old",
    security_group_id=group.id,
    type="ingress",
    protocol="-1",
    from_port=0,
    to_port=0,
    cidr_blocks=["10.0.0.0/16"],
)
