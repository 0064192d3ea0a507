import pulumi_azure_native as azure

azure.network.Subnet(  # <- DEP076
    "open", resource_group_name="penguins", virtual_network_name="n", address_prefix="10.0.0.0/24"
)
azure.network.VirtualNetwork(  # <- DEP076
    "inline",
    resource_group_name="penguins",
    address_space=azure.network.AddressSpaceArgs(address_prefixes=["10.1.0.0/16"]),
    subnets=[azure.network.SubnetArgs(name="open", address_prefix="10.1.0.0/24")],
)
group = azure.network.NetworkSecurityGroup("doors", resource_group_name="penguins")
doors = azure.network.Subnet(  # <- DEP076
    "doors",
    resource_group_name="penguins",
    virtual_network_name="n",
    address_prefix="10.0.1.0/24",
    network_security_group=azure.network.NetworkSecurityGroupArgs(id=group.id),
    private_endpoint_network_policies="Disabled",
)
azure.network.PrivateEndpoint(
    "models",
    resource_group_name="penguins",
    subnet=azure.network.SubnetArgs(id=doors.id),
    private_link_service_connections=[],
)
