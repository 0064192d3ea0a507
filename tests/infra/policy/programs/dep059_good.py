import pulumi_aws as aws

aws.ecs.Service(
    "server",
    task_definition="server:1",
    deployment_circuit_breaker={"enable": True, "rollback": True},
)
server = aws.lambda_.Function(
    "server",
    role="arn:aws:iam::123456789012:role/server",
    package_type="Image",
    image_uri="registry.example/penguins@sha256:" + "cd" * 32,
    publish=True,
)
aws.lambda_.Alias("live", name="live", function_name=server.name, function_version=server.version)
aws.route53.Record(
    "api",
    zone_id="Z0123456789",
    name="penguins.example.com",
    type="CNAME",
    ttl=60,
    records=["a.example.com"],
    set_identifier="first",
    failover_routing_policies=[{"type": "PRIMARY"}],
    health_check_id="abcdef",
)
