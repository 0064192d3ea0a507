"""Who the server is to Google Cloud, and the little that it may do."""

import pulumi_gcp as gcp

from infra.gcp import names
from infra.gcp.site import Site

__all__ = ["make_account"]


def make_account(
    site: Site, bucket: gcp.storage.Bucket
) -> tuple[gcp.serviceaccount.Account, gcp.storage.BucketIAMMember]:
    """Make a service account that may read the registry; return it and what lets it.

    It has no role on the project: Cloud Run takes what a container prints to Cloud Logging by
    itself (https://cloud.google.com/run/docs/logging), and buckets are decrypted by Storage's own
    service agent.
    """
    account = gcp.serviceaccount.Account(
        site.name("server"),
        account_id=names.account(site.config),
        display_name=f"server of {site.config.name}",
        project=site.project,
        opts=site.opts(),
    )
    reads = gcp.storage.BucketIAMMember(
        site.name("reads-models"),
        bucket=bucket.name,
        role="roles/storage.objectViewer",
        member=account.member,
        opts=site.opts(),
    )
    return account, reads
