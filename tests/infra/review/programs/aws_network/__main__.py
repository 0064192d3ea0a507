# mypy: ignore-errors
# ruff: noqa: B905
"""A network: subnets in a loop over the zones that the region has."""

import ipaddress

import pulumi
import pulumi_aws as aws

config = pulumi.Config()
cidr = config.get("cidr") or "10.0.0.0/16"
zones = aws.get_availability_zones(state="available")

vpc = aws.ec2.Vpc("vpc", cidr_block=cidr, enable_dns_hostnames=True, tags={"Name": "vpc"})
gateway = aws.ec2.InternetGateway("gateway", vpc_id=vpc.id)
routes = aws.ec2.RouteTable(
    "routes", vpc_id=vpc.id, routes=[{"cidr_block": "0.0.0.0/0", "gateway_id": gateway.id}]
)
blocks = ipaddress.ip_network(cidr).subnets(new_prefix=20)
subnets = []
for index, (zone, block) in enumerate(zip(zones.names[:2], blocks)):
    subnet = aws.ec2.Subnet(
        f"public-{index}",
        vpc_id=vpc.id,
        cidr_block=str(block),
        availability_zone=zone,
        opts=pulumi.ResourceOptions(parent=vpc),
    )
    aws.ec2.RouteTableAssociation(f"public-{index}", subnet_id=subnet.id, route_table_id=routes.id)
    subnets.append(subnet)

pulumi.export("vpc_id", vpc.id)
pulumi.export("subnet_ids", [each.id for each in subnets])
pulumi.export("arn_parts", vpc.arn.apply(lambda arn: arn.split(":")[5].split("/")[0]))
