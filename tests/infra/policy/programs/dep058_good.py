# demands {"public": false}
import pulumi_aws as aws

aws.lb.LoadBalancer("api", internal=True, subnets=["subnet-1", "subnet-2"])
aws.vpc.SecurityGroupIngressRule(
    "clients",
    security_group_id="sg-1",
    ip_protocol="tcp",
    from_port=443,
    to_port=443,
    cidr_ipv4="10.0.0.0/16",
)
