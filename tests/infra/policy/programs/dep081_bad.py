import pulumi_azure_native as azure

azure.storage.StorageAccount(  # <- DEP081
    "models",
    resource_group_name="penguins",
    kind="StorageV2",
    sku=azure.storage.SkuArgs(name=azure.storage.SkuName.STANDARD_LRS),
)
azure.app.ManagedEnvironment("apps", resource_group_name="penguins")  # <- DEP081
