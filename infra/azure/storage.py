"""The registry's storage account and the container in it."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import operationalinsights, storage

from infra.azure import names
from infra.azure.encryption import Encryption
from infra.azure.logs import send_logs
from infra.azure.network import Network, make_door
from infra.azure.site import Site

__all__ = ["Storage", "make_storage"]

_OLD_DAYS = 90  # what was overwritten or removed can be brought back for so long
_SAS = "0.01:00:00"  # DD.HH:MM:SS


@dataclass(frozen=True, kw_only=True)
class Storage:
    """The store.

    Attributes:
        container: that the registry is in.
        ready: what must be there before the app reads from it.

    """

    container: storage.BlobContainer
    ready: Sequence[pulumi.Resource]


def make_storage(
    site: Site, net: Network, encryption: Encryption, workspace: operationalinsights.Workspace
) -> Storage:
    """Make the account, which identities alone can open, from our network alone.

    Uploads that nobody finishes go away by themselves after a week:
    https://learn.microsoft.com/rest/api/storageservices/put-block
    """
    where = names.store(site.config.stores)
    account = _account(site, where.account, encryption)
    _keep(site, account)
    container = storage.BlobContainer(
        site.name("models"),
        resource_group_name=site.group.name,
        account_name=account.name,
        container_name=where.container,
        public_access=storage.PublicAccess.NONE,
        opts=site.opts(stateful=True),
    )
    doors = make_door(
        site,
        "models",
        net,
        target=account.id,
        kind="blob",
        zone="privatelink.blob.core.windows.net",
    )
    send_logs(
        site,
        "models",
        pulumi.Output.concat(account.id, "/blobServices/default"),
        workspace,
        ["StorageRead", "StorageWrite", "StorageDelete"],
    )
    return Storage(container=container, ready=doors)


def _account(site: Site, name: str, encryption: Encryption) -> storage.StorageAccount:
    """Make the account; every copy of it is in its own region, in several zones if there are any."""
    return storage.StorageAccount(
        site.name("models"),
        resource_group_name=site.group.name,
        account_name=name,
        location=site.config.region,
        kind=storage.Kind.STORAGE_V2,
        sku=storage.SkuArgs(
            name=storage.SkuName.STANDARD_ZRS
            if names.zones(site.config.region)
            else storage.SkuName.STANDARD_LRS
        ),
        access_tier=storage.AccessTier.HOT,
        enable_https_traffic_only=True,
        minimum_tls_version=storage.MinimumTlsVersion.TLS1_2,
        allow_shared_key_access=False,
        default_to_o_auth_authentication=True,
        allow_blob_public_access=False,
        allow_cross_tenant_replication=False,
        is_local_user_enabled=False,
        is_sftp_enabled=False,
        public_network_access=storage.PublicNetworkAccess.DISABLED,
        network_rule_set=storage.NetworkRuleSetArgs(
            default_action=storage.DefaultAction.DENY, bypass=storage.Bypass.NONE
        ),
        sas_policy=storage.SasPolicyArgs(
            expiration_action=storage.ExpirationAction.LOG, sas_expiration_period=_SAS
        ),
        identity=storage.IdentityArgs(
            type=storage.IdentityType.USER_ASSIGNED,
            user_assigned_identities=[encryption.user.id],
        ),
        encryption=storage.EncryptionArgs(
            key_source=storage.KeySource.MICROSOFT_KEYVAULT,
            require_infrastructure_encryption=True,
            encryption_identity=storage.EncryptionIdentityArgs(
                encryption_user_assigned_identity=encryption.user.id
            ),
            # No version: Storage takes each new one by itself.
            key_vault_properties=storage.KeyVaultPropertiesArgs(
                key_name=encryption.key.name,
                key_vault_uri=encryption.uri,
            ),
        ),
        tags=site.tags,
        opts=site.opts(stateful=True, after=[encryption.grant]),
    )


def _keep(site: Site, account: storage.StorageAccount) -> None:
    """Keep versions and what is deleted, and in the end let versions that are old go.

    A version's age counts from its writing, not from its replacing, so one may go at once when it
    is replaced; it can be brought back for as long as anything that is deleted.
    https://learn.microsoft.com/azure/storage/blobs/lifecycle-management-policy-structure
    """
    kept = storage.DeleteRetentionPolicyArgs(enabled=True, days=_OLD_DAYS)
    service = storage.BlobServiceProperties(
        site.name("models"),
        resource_group_name=site.group.name,
        account_name=account.name,
        blob_services_name="default",
        is_versioning_enabled=True,
        delete_retention_policy=kept,
        container_delete_retention_policy=kept,
        opts=site.opts(),
    )
    storage.ManagementPolicy(
        site.name("models"),
        resource_group_name=site.group.name,
        account_name=account.name,
        management_policy_name="default",
        policy=storage.ManagementPolicySchemaArgs(
            rules=[
                storage.ManagementPolicyRuleArgs(
                    name="leftovers",
                    type=storage.RuleType.LIFECYCLE,
                    enabled=True,
                    definition=storage.ManagementPolicyDefinitionArgs(
                        filters=storage.ManagementPolicyFilterArgs(blob_types=["blockBlob"]),
                        actions=storage.ManagementPolicyActionArgs(
                            version=storage.ManagementPolicyVersionArgs(
                                delete=storage.DateAfterCreationArgs(
                                    days_after_creation_greater_than=_OLD_DAYS
                                )
                            )
                        ),
                    ),
                )
            ]
        ),
        opts=site.opts(after=[service]),
    )
