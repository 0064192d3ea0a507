import pulumi_azure_native as azure


def rule(name: str, priority: int, **changes: str) -> azure.network.SecurityRuleArgs:
    said = {
        "direction": "Inbound",
        "access": "Allow",
        "protocol": "Tcp",
        "source_address_prefix": "Internet",
        "destination_port_range": "443",
        **changes,
    }
    return azure.network.SecurityRuleArgs(
        name=name,
        priority=priority,
        source_port_range="*",
        destination_address_prefix="*",
        **said,
    )


azure.network.NetworkSecurityGroup(
    "web",
    resource_group_name="penguins",
    security_rules=[
        rule("web", 100),
        rule("inside", 110, source_address_prefix="VirtualNetwork", destination_port_range="*"),
        rule("out", 120, direction="Outbound", source_address_prefix="*"),
        rule("no", 130, access="Deny", source_address_prefix="*", destination_port_range="*"),
    ],
)
