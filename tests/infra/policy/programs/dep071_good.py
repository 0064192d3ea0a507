import pulumi_azure_native as azure

azure.containerregistry.Registry(
    "images",
    resource_group_name="penguins",
    sku=azure.containerregistry.SkuArgs(name="Basic"),
)
azure.operationalinsights.Workspace(
    "logs",
    resource_group_name="penguins",
    features=azure.operationalinsights.WorkspaceFeaturesArgs(disable_local_auth=True),
)
azure.keyvault.Vault(
    "vault",
    resource_group_name="penguins",
    properties=azure.keyvault.VaultPropertiesArgs(
        tenant_id="t",
        sku=azure.keyvault.SkuArgs(family="A", name="standard"),
        enable_rbac_authorization=True,
    ),
)
