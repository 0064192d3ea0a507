import pulumi_azure_native as azure

azure.network.NetworkSecurityGroup(  # <- DEP075
    "shell",
    resource_group_name="penguins",
    security_rules=[
        azure.network.SecurityRuleArgs(
            name="ssh",
            priority=100,
            direction="Inbound",
            access="Allow",
            protocol="Tcp",
            source_address_prefix="*",
            source_port_range="*",
            destination_address_prefix="*",
            destination_port_range="22",
        )
    ],
)
azure.network.SecurityRule(  # <- DEP075
    "all",
    resource_group_name="penguins",
    network_security_group_name="others",
    priority=100,
    direction="Inbound",
    access="Allow",
    protocol="*",
    source_address_prefixes=["192.0.2.0/24", "0.0.0.0/0"],
    source_port_range="*",
    destination_address_prefix="*",
    destination_port_ranges=["443", "8000-9000"],
)
