# demands {"public": false}
import pulumi_aws as aws

aws.vpc.SecurityGroupIngressRule(  # <- DEP058
    "clients",
    security_group_id="sg-1",
    ip_protocol="tcp",
    from_port=443,
    to_port=443,
    cidr_ipv4="0.0.0.0/0",
)
