import pulumi_azure_native as azure

WORKSPACE = "/subscriptions/s/workspaces/logs"
models = azure.storage.StorageAccount(
    "models",
    resource_group_name="penguins",
    account_name="penguinsmodels",
    kind="StorageV2",
    sku=azure.storage.SkuArgs(name=azure.storage.SkuName.STANDARD_LRS),
)
azure.monitor.DiagnosticSetting(
    "models",
    resource_uri=models.id.apply(lambda found: f"{found}/blobServices/default"),
    workspace_id=WORKSPACE,
    logs=[
        azure.monitor.DiagnosticsLogSettingsArgs(category=each, enabled=True)
        for each in ("StorageRead", "StorageWrite", "StorageDelete")
    ],
)
azure.keyvault.Vault(
    "vault",
    resource_group_name="penguins",
    vault_name="penguins",
    properties=azure.keyvault.VaultPropertiesArgs(
        tenant_id="t", sku=azure.keyvault.SkuArgs(family="A", name="standard")
    ),
)
azure.monitor.DiagnosticSetting(
    "vault",
    resource_uri="/subscriptions/s/resourceGroups/g/providers/Microsoft.KeyVault/vaults/penguins",
    storage_account_id="/subscriptions/s/storageAccounts/kept",
    logs=[azure.monitor.DiagnosticsLogSettingsArgs(category_group="audit", enabled=True)],
)
azure.app.ManagedEnvironment(
    "elsewhere",
    resource_group_name="penguins",
    app_logs_configuration=azure.app.AppLogsConfigurationArgs(
        destination="log-analytics",
        log_analytics_configuration=azure.app.LogAnalyticsConfigurationArgs(customer_id="c"),
    ),
)
apps = azure.app.ManagedEnvironment(
    "apps",
    resource_group_name="penguins",
    app_logs_configuration=azure.app.AppLogsConfigurationArgs(destination="azure-monitor"),
)
azure.monitor.DiagnosticSetting(
    "apps",
    resource_uri=apps.id,
    workspace_id=WORKSPACE,
    logs=[azure.monitor.DiagnosticsLogSettingsArgs(category_group="allLogs", enabled=True)],
)
