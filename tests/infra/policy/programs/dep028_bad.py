import pulumi_azure_native as azure

models = azure.storage.StorageAccount(  # <- DEP028
    "models",
    resource_group_name="penguins",
    account_name="penguinsmodels",
    kind=azure.storage.Kind.STORAGE_V2,
    sku=azure.storage.SkuArgs(name=azure.storage.SkuName.STANDARD_LRS),
    enable_https_traffic_only=False,
    minimum_tls_version=azure.storage.MinimumTlsVersion.TLS1_2,
)
