"""The repository of the server's image."""

import pulumi_gcp as gcp

from infra.gcp import names
from infra.gcp.encryption import Encryption
from infra.gcp.site import Site

__all__ = ["make_repository"]

_UNTAGGED = f"{14 * 24 * 3600}s"


def make_repository(site: Site, encryption: Encryption) -> gcp.artifactregistry.Repository:
    """Make the repository: tags never move, what is pushed is scanned, nobody else pulls.

    Cloud Run pulls from its own project by its own service agent, so the server needs no role
    here: https://cloud.google.com/run/docs/deploying#images. Images are scanned where the project
    has Container Scanning on, which is what ``INHERITED`` means.
    """
    return gcp.artifactregistry.Repository(
        site.name("images"),
        repository_id=names.repository(site.config.image, site.config.name),
        location=site.config.region,
        project=site.project,
        format="DOCKER",
        mode="STANDARD_REPOSITORY",
        description=f"images of {site.config.name}",
        kms_key_name=encryption.key.id,
        docker_config=gcp.artifactregistry.RepositoryDockerConfigArgs(immutable_tags=True),
        vulnerability_scanning_config=gcp.artifactregistry.RepositoryVulnerabilityScanningConfigArgs(
            enablement_config="INHERITED"
        ),
        cleanup_policies=[
            gcp.artifactregistry.RepositoryCleanupPolicyArgs(
                id="untagged",
                action="DELETE",
                # A tagged one may be what a digest means.
                condition=gcp.artifactregistry.RepositoryCleanupPolicyConditionArgs(
                    tag_state="UNTAGGED", older_than=_UNTAGGED
                ),
            )
        ],
        cleanup_policy_dry_run=False,
        labels=site.labels,
        opts=site.opts(stateful=True, after=[encryption.grants["images"]]),
    )
