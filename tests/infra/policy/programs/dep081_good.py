import pulumi_azure_native as azure

azure.storage.StorageAccount(
    "models",
    resource_group_name="penguins",
    kind="StorageV2",
    sku=azure.storage.SkuArgs(name=azure.storage.SkuName.STANDARD_LRS),
    encryption=azure.storage.EncryptionArgs(require_infrastructure_encryption=True),
)
azure.app.ManagedEnvironment(
    "apps",
    resource_group_name="penguins",
    peer_traffic_configuration=azure.app.ManagedEnvironmentPeerTrafficConfigurationArgs(
        encryption=azure.app.ManagedEnvironmentEncryptionArgs(enabled=True)
    ),
)
