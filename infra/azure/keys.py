"""The secret that says whose API keys are good: hashes, in Key Vault, never in a variable."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import keyvault, managedidentity

from infra.azure import names
from infra.azure.encryption import Encryption
from infra.azure.identity import SECRETS_USER, allow
from infra.azure.site import Site

__all__ = ["Keys", "make_keys"]

# No key has this hash: the door is shut until somebody puts hashes of real keys there.
_NOBODY = f"nobody:{'0' * 64}"


@dataclass(frozen=True, kw_only=True)
class Keys:
    """The secret, ours or the user's.

    Attributes:
        url: of it, without a version: the app takes each new one by itself.
        ready: what must be there before somebody reads it.

    """

    url: pulumi.Input[str]
    ready: Sequence[pulumi.Resource]


def make_keys(
    site: Site, encryption: Encryption, identity: managedidentity.UserAssignedIdentity
) -> Keys:
    """Return the secret of another vault, or one in ours, which lets nobody in at first.

    A secret of another vault is named by its URL; that vault's owner lets `identity` read it.
    """
    named = names.keys(site.config)
    if named.url:
        return Keys(url=named.url, ready=())
    vault = encryption.vault
    secret = keyvault.Secret(
        site.name("keys"),
        resource_group_name=site.group.name,
        vault_name=vault.name,
        secret_name=named.name,
        properties=keyvault.SecretPropertiesArgs(
            value=pulumi.Output.secret(_NOBODY), content_type="text/plain"
        ),
        tags=site.tags,
        # Its owner writes the hashes; the next `up` must not lock everybody out again.
        opts=site.opts(stateful=True, ignore=["properties.value"]),
    )
    reads = allow(
        site,
        "reads-keys",
        identity,
        SECRETS_USER,
        pulumi.Output.concat(vault.id, f"/secrets/{named.name}"),
    )
    url = pulumi.Output.concat(encryption.uri, f"secrets/{named.name}")
    return Keys(url=url, ready=[secret, reads, *encryption.doors])
