"""The registry's bucket, and the bucket that tells who used it."""

import pulumi_gcp as gcp

from infra.gcp import names
from infra.gcp.encryption import Encryption
from infra.gcp.site import Site

__all__ = ["make_storage"]

_UPLOAD_DAYS = 7  # as long as garbage collection lets anybody take for a publish
_OLD_DAYS = 90  # what was overwritten or removed can be brought back for so long
_SOFT_SECONDS = 7 * 24 * 3600  # and after that, or when a version itself was removed, for so long

# Writes access logs: https://cloud.google.com/storage/docs/access-logs
_LOGGER = "group:cloud-storage-analytics@google.com"


def make_storage(site: Site, encryption: Encryption) -> gcp.storage.Bucket:
    """Make both buckets, closed to everybody who has no role on them; return the registry's."""
    where = names.store(site.config.stores)
    logs = _closed(
        site,
        "access-logs",
        f"{names.short(where.bucket, 58)}-logs",
        encryption,
        expires=[_rule("Delete", age=site.config.log_days, live=True)],
    )
    writes = gcp.storage.BucketIAMMember(
        site.name("access-logs"),
        bucket=logs.name,
        role="roles/storage.objectCreator",
        member=_LOGGER,
        opts=site.opts(),
    )
    return _closed(site, "models", where.bucket, encryption, logs=logs, granted=writes)


def _closed(
    site: Site,
    part: str,
    name: str,
    encryption: Encryption,
    *,
    logs: gcp.storage.Bucket | None = None,
    granted: gcp.storage.BucketIAMMember | None = None,
    expires: list[gcp.storage.BucketLifecycleRuleArgs] | None = None,
) -> gcp.storage.Bucket:
    """Make a bucket: versioned, encrypted with our key, without access lists, never public."""
    return gcp.storage.Bucket(
        site.name(part),
        name=name,
        location=site.config.region,
        project=site.project,
        storage_class="STANDARD",
        uniform_bucket_level_access=True,
        public_access_prevention="enforced",
        versioning=gcp.storage.BucketVersioningArgs(enabled=True),
        encryption=gcp.storage.BucketEncryptionArgs(default_kms_key_name=encryption.key.id),
        soft_delete_policy=gcp.storage.BucketSoftDeletePolicyArgs(
            retention_duration_seconds=_SOFT_SECONDS
        ),
        logging=gcp.storage.BucketLoggingArgs(log_bucket=logs.name, log_object_prefix="models")
        if logs
        else None,
        lifecycle_rules=[
            _rule("AbortIncompleteMultipartUpload", age=_UPLOAD_DAYS),
            # Live objects are the registry's to remove, and never a clock's.
            _rule("Delete", noncurrent=_OLD_DAYS),
            *(expires or ()),
        ],
        force_destroy=False,
        labels=site.labels,
        opts=site.opts(
            stateful=True,
            after=[encryption.grants["models"], *([granted] if granted else [])],
        ),
    )


def _rule(
    action: str, *, age: int | None = None, noncurrent: int | None = None, live: bool = False
) -> gcp.storage.BucketLifecycleRuleArgs:
    """Return a rule; `live` ones are about what was not overwritten or removed.

    https://cloud.google.com/storage/docs/lifecycle
    """
    return gcp.storage.BucketLifecycleRuleArgs(
        action=gcp.storage.BucketLifecycleRuleActionArgs(type=action),
        condition=gcp.storage.BucketLifecycleRuleConditionArgs(
            age=age,
            days_since_noncurrent_time=noncurrent,
            with_state="ARCHIVED" if noncurrent else "LIVE" if live else None,
        ),
    )
