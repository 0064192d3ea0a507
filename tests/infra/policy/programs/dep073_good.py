import pulumi_azure_native as azure

models = azure.storage.StorageAccount(
    "models",
    resource_group_name="penguins",
    account_name="penguinsmodels",
    kind="StorageV2",
    sku=azure.storage.SkuArgs(name=azure.storage.SkuName.STANDARD_LRS),
    public_network_access="Disabled",
)
vault = azure.keyvault.Vault(
    "vault",
    resource_group_name="penguins",
    vault_name="penguins",
    properties=azure.keyvault.VaultPropertiesArgs(
        tenant_id="t",
        sku=azure.keyvault.SkuArgs(family="A", name="standard"),
        network_acls=azure.keyvault.NetworkRuleSetArgs(
            default_action="Deny", ip_rules=[azure.keyvault.IPRuleArgs(value="192.0.2.1/32")]
        ),
    ),
)
for name, target, kind in (("models", models.id, "blob"), ("vault", vault.id, "vault")):
    azure.network.PrivateEndpoint(
        name,
        resource_group_name="penguins",
        subnet=azure.network.SubnetArgs(id="/subscriptions/s/subnets/doors"),
        private_link_service_connections=[
            azure.network.PrivateLinkServiceConnectionArgs(
                name=name, group_ids=[kind], private_link_service_id=target
            )
        ],
    )
# Nobody leads a private endpoint here: its address is there for those that are named.
azure.storage.StorageAccount(
    "shared",
    resource_group_name="penguins",
    account_name="penguinsshared",
    kind="StorageV2",
    sku=azure.storage.SkuArgs(name=azure.storage.SkuName.STANDARD_LRS),
)
