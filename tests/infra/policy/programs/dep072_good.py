import pulumi_azure_native as azure

azure.storage.StorageAccount(
    "models",
    resource_group_name="penguins",
    kind="StorageV2",
    sku=azure.storage.SkuArgs(name=azure.storage.SkuName.STANDARD_LRS),
    is_local_user_enabled=False,
    network_rule_set=azure.storage.NetworkRuleSetArgs(
        default_action="Deny",
        ip_rules=[azure.storage.IPRuleArgs(i_p_address_or_range="192.0.2.0/24")],
    ),
)
