import pulumi_azure_native as azure

azure.keyvault.Vault(
    "models",
    resource_group_name="penguins",
    properties=azure.keyvault.VaultPropertiesArgs(
        tenant_id="72f988bf-86f1-41af-91ab-2d7cd011db47",
        sku=azure.keyvault.SkuArgs(family="A", name=azure.keyvault.SkuName.STANDARD),
        enable_purge_protection=True,
    ),
)
