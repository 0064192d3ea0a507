import pulumi
import pulumi_azure_native as azure

group = azure.resources.ResourceGroup("penguins")  # <- DEP034
azure.keyvault.Key(
    "models",
    resource_group_name=group.name,
    vault_name="penguins",
    properties=azure.keyvault.KeyPropertiesArgs(kty="RSA"),
    opts=pulumi.ResourceOptions(protect=True),
)
azure.keyvault.Secret(  # <- DEP034
    "keys",
    resource_group_name="others",
    vault_name="penguins",
    properties=azure.keyvault.SecretPropertiesArgs(value="nobody"),
)
