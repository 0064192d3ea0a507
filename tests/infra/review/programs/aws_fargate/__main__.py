# mypy: ignore-errors
import pulumi
import pulumi_aws as aws
from service import Web, WebArgs

config = pulumi.Config()
vpc = aws.ec2.get_vpc(default=True)
subnets = aws.ec2.get_subnets(filters=[{"name": "vpc-id", "values": [vpc.id]}])
ports = config.require_object("ports")
web = Web(
    "shop",
    WebArgs(config.require("image"), config.require_int("replicas"), vpc.id, subnets.ids),
    pulumi.ResourceOptions(protect=True),
)
pulumi.export("url", web.url)
pulumi.export("ports", ports)
