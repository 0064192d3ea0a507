import pulumi_aws as aws

aws.ec2.Subnet(  # <- DEP055
    "outer",
    vpc_id="vpc-1",
    cidr_block="10.0.0.0/20",
    map_public_ip_on_launch=True,
)
