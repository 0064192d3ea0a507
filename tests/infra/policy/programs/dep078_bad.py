import pulumi_azure_native as azure

azure.keyvault.Key(  # <- DEP078
    "never",
    resource_group_name="penguins",
    vault_name="penguins",
    properties=azure.keyvault.KeyPropertiesArgs(kty="RSA", key_size=3072),
)
azure.keyvault.Key(  # <- DEP078
    "seldom",
    resource_group_name="penguins",
    vault_name="penguins",
    properties=azure.keyvault.KeyPropertiesArgs(
        kty="RSA",
        key_size=4096,
        rotation_policy=azure.keyvault.RotationPolicyArgs(
            lifetime_actions=[
                azure.keyvault.LifetimeActionArgs(
                    action=azure.keyvault.ActionArgs(type="rotate"),
                    trigger=azure.keyvault.TriggerArgs(time_after_create="P3Y"),
                )
            ]
        ),
    ),
)
azure.keyvault.Key(  # <- DEP078
    "short",
    resource_group_name="penguins",
    vault_name="penguins",
    properties=azure.keyvault.KeyPropertiesArgs(
        kty="RSA",
        rotation_policy=azure.keyvault.RotationPolicyArgs(
            lifetime_actions=[
                azure.keyvault.LifetimeActionArgs(
                    action=azure.keyvault.ActionArgs(type="rotate"),
                    trigger=azure.keyvault.TriggerArgs(time_after_create="P90D"),
                )
            ]
        ),
    ),
)
