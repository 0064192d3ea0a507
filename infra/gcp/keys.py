"""The secret that says whose API keys are good: hashes, in Secret Manager, never in a variable."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_gcp as gcp

from infra.gcp import names
from infra.gcp.encryption import Encryption
from infra.gcp.site import Site

__all__ = ["Keys", "make_keys"]

# No key has this hash: the door is shut until somebody puts hashes of real keys there.
_NOBODY = f"nobody:{'0' * 64}"


@dataclass(frozen=True, kw_only=True)
class Keys:
    """The secret, ours or the user's.

    Attributes:
        name: by which Cloud Run finds it.
        ready: what must be there before somebody reads it.

    """

    name: pulumi.Input[str]
    ready: Sequence[pulumi.Resource]


def make_keys(site: Site, account: gcp.serviceaccount.Account, encryption: Encryption) -> Keys:
    """Return the secret that the configuration names, or a new one that lets nobody in.

    The server's account may read it, and no other.
    """
    named = names.secret(site.config)
    if named:
        return Keys(name=named, ready=[_reads(site, account, named)])
    secret = gcp.secretmanager.Secret(
        site.name("keys"),
        secret_id=site.name("keys"),
        project=site.project,
        replication=_here(site, encryption),
        labels=site.labels,
        opts=site.opts(stateful=True, after=[encryption.grants["keys"]]),
    )
    version = gcp.secretmanager.SecretVersion(
        site.name("keys"),
        secret=secret.id,
        secret_data=pulumi.Output.secret(_NOBODY),
        # Its owner adds versions with the hashes, and Cloud Run takes the latest.
        opts=site.opts(ignore=["secretData"]),
    )
    return Keys(name=secret.secret_id, ready=[version, _reads(site, account, secret.id)])


def _here(site: Site, encryption: Encryption) -> gcp.secretmanager.SecretReplicationArgs:
    """Keep a secret in the endpoint's region alone, encrypted with our key."""
    return gcp.secretmanager.SecretReplicationArgs(
        user_managed=gcp.secretmanager.SecretReplicationUserManagedArgs(
            replicas=[
                gcp.secretmanager.SecretReplicationUserManagedReplicaArgs(
                    location=site.config.region,
                    customer_managed_encryption=gcp.secretmanager.SecretReplicationUserManagedReplicaCustomerManagedEncryptionArgs(
                        kms_key_name=encryption.key.id
                    ),
                )
            ]
        )
    )


def _reads(
    site: Site, account: gcp.serviceaccount.Account, secret: pulumi.Input[str]
) -> gcp.secretmanager.SecretIamMember:
    return gcp.secretmanager.SecretIamMember(
        site.name("reads-keys"),
        secret_id=secret,
        project=site.project,
        role="roles/secretmanager.secretAccessor",
        member=account.member,
        opts=site.opts(),
    )
