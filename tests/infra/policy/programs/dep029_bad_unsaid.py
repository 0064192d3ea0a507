import pulumi_azure_native as azure

models = azure.storage.StorageAccount(  # <- DEP029
    "models",
    resource_group_name="penguins",
    account_name="penguinsmodels",
    kind=azure.storage.Kind.STORAGE_V2,
    sku=azure.storage.SkuArgs(name=azure.storage.SkuName.STANDARD_LRS),
    network_rule_set=azure.storage.NetworkRuleSetArgs(
        default_action=azure.storage.DefaultAction.DENY
    ),
)
