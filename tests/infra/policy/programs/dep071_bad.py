import pulumi_azure_native as azure

azure.containerregistry.Registry(  # <- DEP071
    "images",
    resource_group_name="penguins",
    sku=azure.containerregistry.SkuArgs(name="Basic"),
    admin_user_enabled=True,
)
azure.operationalinsights.Workspace("logs", resource_group_name="penguins")  # <- DEP071
azure.keyvault.Vault(  # <- DEP071
    "policies",
    resource_group_name="penguins",
    properties=azure.keyvault.VaultPropertiesArgs(
        tenant_id="t", sku=azure.keyvault.SkuArgs(family="A", name="standard")
    ),
)
azure.keyvault.Vault(  # <- DEP071
    "machines",
    resource_group_name="penguins",
    properties=azure.keyvault.VaultPropertiesArgs(
        tenant_id="t",
        sku=azure.keyvault.SkuArgs(family="A", name="standard"),
        enable_rbac_authorization=True,
        enabled_for_deployment=True,
    ),
)
