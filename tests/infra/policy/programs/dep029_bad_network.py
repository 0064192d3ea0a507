import pulumi_azure_native as azure

models = azure.storage.StorageAccount(  # <- DEP029
    "models",
    resource_group_name="penguins",
    account_name="penguinsmodels",
    kind=azure.storage.Kind.STORAGE_V2,
    sku=azure.storage.SkuArgs(name=azure.storage.SkuName.STANDARD_LRS),
    allow_blob_public_access=False,
    public_network_access=azure.storage.PublicNetworkAccess.ENABLED,
)
