"""Who the server is to Azure, and how anybody here is allowed anything."""

import pulumi
from pulumi_azure_native import authorization, managedidentity

from infra.azure.site import Site

__all__ = ["BLOB_READER", "CRYPTO_USER", "PULLER", "SECRETS_USER", "allow", "make_identity"]

# https://learn.microsoft.com/azure/role-based-access-control/built-in-roles
BLOB_READER = "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1"
"""Storage Blob Data Reader."""
PULLER = "7f951dda-4ed3-4680-a7ca-43fe172d538d"
"""AcrPull."""
SECRETS_USER = "4633458b-17de-408a-b874-0445c86b69e6"
"""Key Vault Secrets User."""
CRYPTO_USER = "e147488a-f6f5-4113-8e2d-b22465e65bf6"
"""Key Vault Crypto Service Encryption User."""


def make_identity(site: Site, part: str) -> managedidentity.UserAssignedIdentity:
    """Make an identity that may do nothing yet."""
    return managedidentity.UserAssignedIdentity(
        site.name(part),
        resource_group_name=site.group.name,
        location=site.config.region,
        tags=site.tags,
        opts=site.opts(),
    )


def allow(
    site: Site,
    part: str,
    identity: managedidentity.UserAssignedIdentity,
    role: str,
    scope: pulumi.Input[str],
) -> authorization.RoleAssignment:
    """Give an identity one built-in role on one resource; the assignment's GUID is Pulumi's."""
    return authorization.RoleAssignment(
        site.name(part),
        principal_id=identity.principal_id,
        # Told, so that Azure does not look for a principal that it has not heard of yet.
        principal_type=authorization.PrincipalType.SERVICE_PRINCIPAL,
        role_definition_id=pulumi.Output.concat(
            "/subscriptions/",
            site.subscription,
            "/providers/Microsoft.Authorization/roleDefinitions/",
            role,
        ),
        scope=scope,
        opts=site.opts(),
    )
