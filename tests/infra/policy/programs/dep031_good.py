import pulumi_azure_native as azure

models = azure.storage.StorageAccount(
    "models",
    resource_group_name="penguins",
    account_name="penguinsmodels",
    kind=azure.storage.Kind.STORAGE_V2,
    sku=azure.storage.SkuArgs(name=azure.storage.SkuName.STANDARD_LRS),
    allow_shared_key_access=False,
    sas_policy=azure.storage.SasPolicyArgs(
        expiration_action=azure.storage.ExpirationAction.LOG, sas_expiration_period="1.00:00:00"
    ),
)
