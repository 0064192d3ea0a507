import pulumi_aws as aws

aws.ec2.SecurityGroup(  # <- DEP017
    "server",
    description="What reaches the server",
    vpc_id="vpc-1",
    ingress=[
        {
            "description": "Requests",
            "protocol": "tcp",
            "from_port": 443,
            "to_port": 443,
            "cidr_blocks": ["10.0.0.0/16"],
        }
    ],
    egress=[
        {
            "description": "Answers",
            "protocol": "-1",
            "from_port": 0,
            "to_port": 0,
            "cidr_blocks": ["0.0.0.0/0"],
        }
    ],
)
