"""The key that models, images and API keys are encrypted with, and who may use it."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_gcp as gcp

from infra.gcp.site import Site

__all__ = ["Encryption", "make_key"]

_ROTATION = f"{90 * 24 * 3600}s"
_SCHEDULED = (
    f"{30 * 24 * 3600}s"  # a version that somebody destroys can be brought back for so long
)
_ROLE = "roles/cloudkms.cryptoKeyEncrypterDecrypter"

# Services whose own agents use the key; each is made where it is not there yet, see
# https://cloud.google.com/iam/docs/create-service-agents.
_AGENTS = {"images": "artifactregistry.googleapis.com", "keys": "secretmanager.googleapis.com"}


@dataclass(frozen=True, kw_only=True)
class Encryption:
    """The key.

    Attributes:
        key: itself; `id` is the name by which other resources call it.
        grants: part of the endpoint → what must be there before it uses the key.

    """

    key: gcp.kms.CryptoKey
    grants: Mapping[str, gcp.kms.CryptoKeyIAMMember]


def make_key(site: Site) -> Encryption:
    """Make the key in the endpoint's region, and let three of Google's services use it.

    Key rings are never deleted, and their names never free again
    (https://cloud.google.com/kms/docs/object-hierarchy): Pulumi makes up a new one each time.
    """
    ring = gcp.kms.KeyRing(
        site.name("keys"), location=site.config.region, project=site.project, opts=site.opts()
    )
    key = gcp.kms.CryptoKey(
        site.name("key"),
        key_ring=ring.id,
        purpose="ENCRYPT_DECRYPT",
        rotation_period=_ROTATION,
        destroy_scheduled_duration=_SCHEDULED,
        labels=site.labels,
        opts=site.opts(stateful=True),
    )
    storage = gcp.storage.get_project_service_account_output(
        project=site.project, opts=pulumi.InvokeOutputOptions(parent=site.parent)
    )
    members = {"models": pulumi.Output.concat("serviceAccount:", storage.email_address)}
    for part, service in _AGENTS.items():
        agent = gcp.projects.ServiceIdentity(
            site.name(f"{part}-agent"), service=service, project=site.project, opts=site.opts()
        )
        members[part] = pulumi.Output.concat("serviceAccount:", agent.email)
    grants = {part: _grant(site, part, key, member) for part, member in members.items()}
    return Encryption(key=key, grants=grants)


def _grant(
    site: Site, part: str, key: gcp.kms.CryptoKey, member: pulumi.Output[str]
) -> gcp.kms.CryptoKeyIAMMember:
    return gcp.kms.CryptoKeyIAMMember(
        site.name(f"{part}-encrypts"),
        crypto_key_id=key.id,
        role=_ROLE,
        member=member,
        opts=site.opts(),
    )
