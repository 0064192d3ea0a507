import pulumi_azure_native as azure

models = azure.storage.StorageAccount(
    "models",
    resource_group_name="penguins",
    account_name="penguinsmodels",
    kind="StorageV2",
    sku=azure.storage.SkuArgs(name=azure.storage.SkuName.STANDARD_LRS),
)
azure.monitor.DiagnosticSetting(  # <- DEP079
    "models",
    resource_uri=models.id.apply(lambda found: f"{found}/blobServices/default"),
    workspace_id="/subscriptions/s/workspaces/logs",
    logs=[
        azure.monitor.DiagnosticsLogSettingsArgs(category="StorageRead", enabled=True),
        azure.monitor.DiagnosticsLogSettingsArgs(category="StorageWrite", enabled=False),
    ],
)
azure.storage.StorageAccount(  # <- DEP079
    "silent",
    resource_group_name="penguins",
    account_name="penguinssilent",
    kind="StorageV2",
    sku=azure.storage.SkuArgs(name=azure.storage.SkuName.STANDARD_LRS),
)
azure.keyvault.Vault(  # <- DEP079
    "vault",
    resource_group_name="penguins",
    vault_name="penguins",
    properties=azure.keyvault.VaultPropertiesArgs(
        tenant_id="t", sku=azure.keyvault.SkuArgs(family="A", name="standard")
    ),
)
