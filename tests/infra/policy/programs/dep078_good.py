import pulumi_azure_native as azure


def rotated(trigger: azure.keyvault.TriggerArgs) -> azure.keyvault.RotationPolicyArgs:
    return azure.keyvault.RotationPolicyArgs(
        attributes=azure.keyvault.KeyRotationPolicyAttributesArgs(expiry_time="P1Y"),
        lifetime_actions=[
            azure.keyvault.LifetimeActionArgs(
                action=azure.keyvault.ActionArgs(type="rotate"), trigger=trigger
            )
        ],
    )


azure.keyvault.Key(
    "by-age",
    resource_group_name="penguins",
    vault_name="penguins",
    properties=azure.keyvault.KeyPropertiesArgs(
        kty="RSA",
        key_size=3072,
        rotation_policy=rotated(azure.keyvault.TriggerArgs(time_after_create="P18M")),
    ),
)
azure.keyvault.Key(
    "before-its-end",
    resource_group_name="penguins",
    vault_name="penguins",
    properties=azure.keyvault.KeyPropertiesArgs(
        kty="EC",
        curve_name="P-256",
        rotation_policy=rotated(azure.keyvault.TriggerArgs(time_before_expiry="P30D")),
    ),
)
