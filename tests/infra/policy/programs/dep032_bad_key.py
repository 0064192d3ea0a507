import pulumi_azure_native as azure

models = azure.storage.StorageAccount(  # <- DEP032
    "models",
    resource_group_name="penguins",
    account_name="penguinsmodels",
    kind=azure.storage.Kind.STORAGE_V2,
    sku=azure.storage.SkuArgs(name=azure.storage.SkuName.STANDARD_LRS),
)
azure.storage.BlobServiceProperties(
    "models",
    resource_group_name="penguins",
    account_name=models.name,
    blob_services_name="default",
    delete_retention_policy=azure.storage.DeleteRetentionPolicyArgs(enabled=True, days=14),
    container_delete_retention_policy=azure.storage.DeleteRetentionPolicyArgs(
        enabled=True, days=14
    ),
    is_versioning_enabled=True,
)
