import pulumi_azure_native as azure

models = azure.storage.StorageAccount(
    "models",
    resource_group_name="penguins",
    account_name="penguinsmodels",
    kind=azure.storage.Kind.STORAGE_V2,
    sku=azure.storage.SkuArgs(name=azure.storage.SkuName.STANDARD_LRS),
    allow_blob_public_access=False,
    network_rule_set=azure.storage.NetworkRuleSetArgs(
        default_action=azure.storage.DefaultAction.DENY
    ),
)
azure.storage.BlobContainer(  # <- DEP029
    "objects",
    resource_group_name="penguins",
    account_name=models.name,
    public_access=azure.storage.PublicAccess.CONTAINER,
)
