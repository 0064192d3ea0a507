import pulumi_azure_native as azure

models = azure.storage.StorageAccount(  # <- DEP032
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
