import pulumi_azure_native as azure

models = azure.storage.StorageAccount(  # <- DEP030
    "models",
    resource_group_name="penguins",
    account_name="penguinsmodels",
    kind=azure.storage.Kind.STORAGE_V2,
    sku=azure.storage.SkuArgs(name=azure.storage.SkuName.STANDARD_LRS),
    network_rule_set=azure.storage.NetworkRuleSetArgs(
        default_action=azure.storage.DefaultAction.ALLOW
    ),
)
azure.network.PrivateEndpoint(
    "models",
    resource_group_name="penguins",
    subnet=azure.network.SubnetArgs(id="/subscriptions/s/subnets/models"),
    private_link_service_connections=[
        azure.network.PrivateLinkServiceConnectionArgs(
            name="blob", group_ids=["blob"], private_link_service_id=models.id
        )
    ],
)
