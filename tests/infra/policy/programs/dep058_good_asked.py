import pulumi_aws as aws

aws.lb.LoadBalancer("api", subnets=["subnet-1", "subnet-2"])
