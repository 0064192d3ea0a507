import pulumi_azure_native as azure

azure.app.ManagedEnvironment("nowhere", resource_group_name="penguins")  # <- DEP079
azure.app.ManagedEnvironment(  # <- DEP079
    "unsent",
    resource_group_name="penguins",
    environment_name="unsent",
    app_logs_configuration=azure.app.AppLogsConfigurationArgs(destination="azure-monitor"),
)
sent = azure.app.ManagedEnvironment(
    "sent",
    resource_group_name="penguins",
    environment_name="sent",
    app_logs_configuration=azure.app.AppLogsConfigurationArgs(destination="azure-monitor"),
)
azure.monitor.DiagnosticSetting(  # <- DEP079
    "sent",
    resource_uri=sent.id,
    logs=[azure.monitor.DiagnosticsLogSettingsArgs(category_group="allLogs", enabled=True)],
)
