# mypy: ignore-errors
import pulumi
import pulumi_aws as aws

stack = pulumi.get_stack()
network = pulumi.StackReference(f"acme/network/{stack}")
vpc_id = network.get_output("vpc_id")
subnets = network.require_output("subnet_ids")
first = subnets.apply(lambda ids: ids[0])
group = aws.ec2.SecurityGroup("app", vpc_id=vpc_id)
server = aws.ec2.Instance(
    "app",
    ami="ami-12345678",
    instance_type="t3.micro",
    subnet_id=first,
    vpc_security_group_ids=[group.id],
    tags={"stack": stack, "project": pulumi.get_project(), "org": pulumi.get_organization()},
)
pulumi.export("ip", server.public_ip)
