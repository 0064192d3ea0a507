import pulumi_azure_native as azure

models = azure.storage.StorageAccount(
    "models",
    resource_group_name="penguins",
    account_name="penguinsmodels",
    kind=azure.storage.Kind.STORAGE_V2,
    sku=azure.storage.SkuArgs(name=azure.storage.SkuName.STANDARD_LRS),
    encryption=azure.storage.EncryptionArgs(
        key_source=azure.storage.KeySource.MICROSOFT_KEYVAULT,
        key_vault_properties=azure.storage.KeyVaultPropertiesArgs(
            key_name="models", key_vault_uri="https://penguins.vault.azure.net"
        ),
    ),
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
