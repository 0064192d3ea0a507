import pulumi_azure_native as azure

SKU = azure.storage.SkuArgs(name=azure.storage.SkuName.STANDARD_LRS)
azure.storage.StorageAccount(  # <- DEP072
    "local", resource_group_name="penguins", kind="StorageV2", sku=SKU
)
azure.storage.StorageAccount(  # <- DEP072
    "files",
    resource_group_name="penguins",
    kind="StorageV2",
    sku=SKU,
    is_local_user_enabled=False,
    is_sftp_enabled=True,
)
azure.storage.StorageAccount(  # <- DEP072
    "shared",
    resource_group_name="penguins",
    kind="StorageV2",
    sku=SKU,
    is_local_user_enabled=False,
    enable_nfs_v3=True,
)
azure.storage.StorageAccount(  # <- DEP072
    "copied",
    resource_group_name="penguins",
    kind="StorageV2",
    sku=SKU,
    is_local_user_enabled=False,
    allow_cross_tenant_replication=True,
)
azure.storage.StorageAccount(  # <- DEP072
    "everywhere",
    resource_group_name="penguins",
    kind="StorageV2",
    sku=SKU,
    is_local_user_enabled=False,
    network_rule_set=azure.storage.NetworkRuleSetArgs(
        default_action="Deny",
        ip_rules=[azure.storage.IPRuleArgs(i_p_address_or_range="0.0.0.0/0")],
    ),
)
