import pulumi_aws as aws

aws.ec2.SecurityGroup(
    "server",
    description="What reaches the server",
    vpc_id="vpc-1",
    ingress=[
        {
            "description": "Requests",
            "protocol": "tcp",
            "from_port": 443,
            "to_port": 443,
            "cidr_blocks": ["0.0.0.0/0"],
        }
    ],
    egress=[
        {
            "description": "Answers",
            "protocol": "tcp",
            "from_port": 443,
            "to_port": 443,
            "cidr_blocks": ["0.0.0.0/0"],
        }
    ],
)
