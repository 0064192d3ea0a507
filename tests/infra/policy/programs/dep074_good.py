# demands {"public": false}
import pulumi_azure_native as azure

azure.app.ManagedEnvironment(
    "inside",
    resource_group_name="penguins",
    vnet_configuration=azure.app.VnetConfigurationArgs(
        infrastructure_subnet_id="/subscriptions/s/subnets/apps", internal=True
    ),
    public_network_access="Disabled",
)
