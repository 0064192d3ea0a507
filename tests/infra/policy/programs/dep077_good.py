import pulumi_azure_native as azure

azure.network.Subnet(
    "machines",
    resource_group_name="penguins",
    virtual_network_name="n",
    address_prefix="10.0.0.0/24",
    default_outbound_access=False,
)
azure.network.Subnet(
    "led-out",
    resource_group_name="penguins",
    virtual_network_name="n",
    address_prefix="10.0.1.0/24",
    nat_gateway=azure.network.SubResourceArgs(id="/subscriptions/s/natGateways/out"),
)
azure.network.Subnet(
    "apps",
    resource_group_name="penguins",
    virtual_network_name="n",
    address_prefix="10.0.2.0/23",
    delegations=[
        azure.network.DelegationArgs(name="apps", service_name="Microsoft.App/environments")
    ],
)
