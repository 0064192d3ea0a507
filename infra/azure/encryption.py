"""The vault, the key in it that models are encrypted with, and who may use it."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import authorization, keyvault, managedidentity, operationalinsights

from infra.azure import names
from infra.azure.identity import CRYPTO_USER, allow, make_identity
from infra.azure.logs import send_logs
from infra.azure.network import Network, make_door
from infra.azure.site import Site

__all__ = ["Encryption", "make_vault"]

_ROTATION = "P90D"


@dataclass(frozen=True, kw_only=True)
class Encryption:
    """The vault.

    Attributes:
        vault: itself.
        uri: its address, with a slash at its end.
        key: that the store is encrypted with.
        user: whom the store uses the key as.
        grant: what lets it.
        doors: what must be there before the app asks the vault.

    """

    vault: keyvault.Vault
    uri: pulumi.Output[str]
    key: keyvault.Key
    user: managedidentity.UserAssignedIdentity
    grant: authorization.RoleAssignment
    doors: Sequence[pulumi.Resource]


def make_vault(site: Site, net: Network, workspace: operationalinsights.Workspace) -> Encryption:
    """Make the vault, closed to every network but ours and to services that Azure trusts, and a key.

    Storage is one of these: https://learn.microsoft.com/azure/key-vault/general/network-security.
    Roles say who may do what in it, not policies of its own. Write secrets from inside the network,
    or let your own address in for that time. Who used what in it is logged.
    """
    vault = keyvault.Vault(
        site.name("vault"),
        resource_group_name=site.group.name,
        vault_name=names.vault(site.config),
        location=site.config.region,
        properties=keyvault.VaultPropertiesArgs(
            tenant_id=site.tenant,
            sku=keyvault.SkuArgs(family=keyvault.SkuFamily.A, name=keyvault.SkuName.STANDARD),
            enable_rbac_authorization=True,
            enable_soft_delete=True,
            soft_delete_retention_in_days=90,
            enable_purge_protection=True,
            public_network_access="Disabled",
            network_acls=keyvault.NetworkRuleSetArgs(default_action="Deny", bypass="AzureServices"),
        ),
        tags=site.tags,
        opts=site.opts(stateful=True),
    )
    send_logs(site, "vault", vault.id, workspace, ["AuditEvent"])
    key = keyvault.Key(
        site.name("key"),
        resource_group_name=site.group.name,
        vault_name=vault.name,
        key_name=site.name("key"),
        properties=keyvault.KeyPropertiesArgs(
            kty="RSA",
            key_size=3072,
            key_ops=["wrapKey", "unwrapKey"],
            rotation_policy=keyvault.RotationPolicyArgs(
                lifetime_actions=[
                    keyvault.LifetimeActionArgs(
                        action=keyvault.ActionArgs(
                            type=keyvault.KeyRotationPolicyActionType.ROTATE
                        ),
                        trigger=keyvault.TriggerArgs(time_after_create=_ROTATION),
                    )
                ]
            ),
        ),
        tags=site.tags,
        opts=site.opts(stateful=True),
    )
    user = make_identity(site, "encryption")
    grant = allow(
        site,
        "encrypts",
        user,
        CRYPTO_USER,
        pulumi.Output.concat(vault.id, f"/keys/{site.name('key')}"),
    )
    doors = make_door(
        site, "vault", net, target=vault.id, kind="vault", zone="privatelink.vaultcore.azure.net"
    )
    # A rehearsal's answer may not have it.
    uri = vault.properties.apply(lambda found: (found.vault_uri if found else None) or "")
    return Encryption(vault=vault, uri=uri, key=key, user=user, grant=grant, doors=doors)
