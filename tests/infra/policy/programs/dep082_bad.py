import pulumi_azure_native as azure

models = azure.storage.StorageAccount(  # <- DEP082
    "models",
    resource_group_name="penguins",
    account_name="penguinsmodels",
    kind="StorageV2",
    sku=azure.storage.SkuArgs(name=azure.storage.SkuName.STANDARD_LRS),
)
azure.storage.BlobServiceProperties(
    "models",
    resource_group_name="penguins",
    account_name=models.name,
    blob_services_name="default",
    is_versioning_enabled=True,
)
azure.containerregistry.Registry(  # <- DEP082
    "images",
    resource_group_name="penguins",
    sku=azure.containerregistry.SkuArgs(name="Premium"),
)
