import pulumi_aws as aws

net = aws.ec2.Vpc("net", cidr_block="10.0.0.0/16")
aws.ec2.DefaultSecurityGroup("net", vpc_id=net.id)
aws.ec2.Subnet("inner", vpc_id=net.id, cidr_block="10.0.0.0/20")
