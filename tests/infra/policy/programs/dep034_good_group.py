import pulumi
import pulumi_azure_native as azure

kept = pulumi.ResourceOptions(protect=True)
group = azure.resources.ResourceGroup("penguins", opts=kept)
azure.keyvault.Secret(
    "keys",
    resource_group_name=group.name,
    vault_name="penguins",
    properties=azure.keyvault.SecretPropertiesArgs(value="nobody"),
    opts=kept,
)
passing = azure.resources.ResourceGroup("passing")
azure.network.NetworkSecurityGroup("doors", resource_group_name=passing.name)
