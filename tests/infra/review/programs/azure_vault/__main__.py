# mypy: ignore-errors
# ruff: noqa: A006
import pulumi
import pulumi_azure_native as azure_native
from pulumi_azure_native import authorization, keyvault, managedidentity

client = authorization.get_client_config()
group = azure_native.resources.ResourceGroup("vault-rg")
identity = managedidentity.UserAssignedIdentity("app", resource_group_name=group.name)
vault = keyvault.Vault(
    "vault",
    resource_group_name=group.name,
    properties=keyvault.VaultPropertiesArgs(
        tenant_id=client.tenant_id,
        sku=keyvault.SkuArgs(family="A", name="standard"),
        enable_rbac_authorization=True,
    ),
)
definition = f"/subscriptions/{client.subscription_id}/providers/Microsoft.Authorization/roleDefinitions/4633458b"
authorization.RoleAssignment(
    "reader",
    principal_id=identity.principal_id,
    principal_type="ServicePrincipal",
    role_definition_id=definition,
    scope=vault.id,
)
pulumi.export("vault_uri", vault.properties.vault_uri)
pulumi.export("subscription", vault.id.apply(lambda id: id.split("/")[2]))
