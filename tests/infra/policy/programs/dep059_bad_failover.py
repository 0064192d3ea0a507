import pulumi_aws as aws

aws.route53.Record(  # <- DEP059
    "api",
    zone_id="Z0123456789",
    name="penguins.example.com",
    type="CNAME",
    ttl=60,
    records=["a.example.com"],
    set_identifier="first",
    failover_routing_policies=[{"type": "PRIMARY"}],
)
