import pulumi
import pulumi_azure_native as azure

models = azure.storage.StorageAccount(  # <- DEP073
    "models",
    resource_group_name="penguins",
    account_name="penguinsmodels",
    kind="StorageV2",
    sku=azure.storage.SkuArgs(name=azure.storage.SkuName.STANDARD_LRS),
    network_rule_set=azure.storage.NetworkRuleSetArgs(default_action="Deny"),
)
vault = azure.keyvault.Vault(  # <- DEP073
    "vault",
    resource_group_name="penguins",
    vault_name="penguins",
    properties=azure.keyvault.VaultPropertiesArgs(
        tenant_id="t",
        sku=azure.keyvault.SkuArgs(family="A", name="standard"),
        network_acls=azure.keyvault.NetworkRuleSetArgs(default_action="Deny"),
    ),
)
azure.keyvault.Vault(  # <- DEP073
    "once-open",
    resource_group_name="penguins",
    properties=azure.keyvault.VaultPropertiesArgs(
        tenant_id="t",
        sku=azure.keyvault.SkuArgs(family="A", name="standard"),
        public_network_access="disabled",
    ),
)


def door(name: str, target: pulumi.Input[str], kind: str) -> None:
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


door("models", models.id, "blob")
door("vault", vault.id, "vault")
