import pulumi_azure_native as azure

azure.network.Subnet(  # <- DEP077
    "machines",
    resource_group_name="penguins",
    virtual_network_name="n",
    address_prefix="10.0.0.0/24",
)
