import pulumi_azure_native as azure

group = azure.network.NetworkSecurityGroup("doors", resource_group_name="penguins")
doors = azure.network.Subnet(
    "doors",
    resource_group_name="penguins",
    virtual_network_name="n",
    address_prefix="10.0.1.0/24",
    network_security_group=azure.network.NetworkSecurityGroupArgs(id=group.id),
    private_endpoint_network_policies="Enabled",
)
azure.network.PrivateEndpoint(
    "models",
    resource_group_name="penguins",
    subnet=azure.network.SubnetArgs(id=doors.id),
    private_link_service_connections=[],
)
azure.network.Subnet(
    "gateway",
    resource_group_name="penguins",
    virtual_network_name="n",
    subnet_name="GatewaySubnet",
    address_prefix="10.0.2.0/24",
)
