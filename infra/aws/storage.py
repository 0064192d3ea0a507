"""The registry's bucket, and the bucket that tells who used it.

What keeps a bucket closed is protected with it: a `destroy` that the engine refuses half-way would
else leave models without their policy, their encryption and their block of public access.
"""

from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from infra.aws import names
from infra.aws.site import Site

__all__ = ["Storage", "make_storage"]

_UPLOAD_DAYS = 7  # as long as garbage collection lets anybody take for a publish
_OLD_DAYS = 90  # what was overwritten or removed can be brought back for so long

# Of docs/format.md: what is created once, or changed by compare-and-swap, and by nothing else.
_NEVER_BLIND = ("blobs", "manifests", "models", "epochs", "diverged")


@dataclass(frozen=True, kw_only=True)
class Storage:
    """The two buckets.

    Attributes:
        bucket: of the registry.
        prefix: that the registry begins at in it, "" or with a slash at its end.
        logs: bucket of access logs.
        logs_ready: what must be there before anything is delivered to it.

    """

    bucket: aws.s3.Bucket
    prefix: str
    logs: aws.s3.Bucket
    logs_ready: pulumi.Resource


def make_storage(site: Site, key: aws.kms.Key) -> Storage:
    """Make both buckets, closed to everybody but this account."""
    where = names.store(site.config.stores)
    days = names.retention(site.config.log_days)
    logs = _closed(site, "access-logs", f"{names.short(where.bucket, 58)}-logs", days=days)
    policy = _log_bucket(site, logs)
    bucket = _closed(site, "models", where.bucket)
    _encrypt(site, "models", bucket, key)
    _registry_policy(site, bucket, where.prefix)
    aws.s3.BucketLogging(
        site.name("models"),
        bucket=bucket.id,
        target_bucket=logs.id,
        target_prefix="s3/",
        opts=site.opts(stateful=True, after=[policy]),
    )
    return Storage(bucket=bucket, prefix=where.prefix, logs=logs, logs_ready=policy)


def _closed(site: Site, part: str, bucket_name: str, *, days: int = 0) -> aws.s3.Bucket:
    """Make a bucket: versioned, without access lists, never public, free of leftovers.

    Args:
        site: where.
        part: what it is for.
        bucket_name: what AWS calls it.
        days: after which everything in it goes; 0 for never.

    """
    name = site.name(part)
    bucket = aws.s3.Bucket(
        name,
        bucket=bucket_name,
        force_destroy=False,
        tags=site.tags,
        opts=site.opts(stateful=True),
    )
    aws.s3.BucketPublicAccessBlock(
        name,
        bucket=bucket.id,
        block_public_acls=True,
        block_public_policy=True,
        ignore_public_acls=True,
        restrict_public_buckets=True,
        opts=site.opts(stateful=True),
    )
    aws.s3.BucketOwnershipControls(
        name,
        bucket=bucket.id,
        rule=aws.s3.BucketOwnershipControlsRuleArgs(object_ownership="BucketOwnerEnforced"),
        opts=site.opts(stateful=True),
    )
    versioning = aws.s3.BucketVersioning(
        name,
        bucket=bucket.id,
        versioning_configuration=aws.s3.BucketVersioningVersioningConfigurationArgs(
            status="Enabled"
        ),
        opts=site.opts(stateful=True),
    )
    _expire(site, part, bucket, versioning, days=days)
    return bucket


def _encrypt(site: Site, part: str, bucket: aws.s3.Bucket, key: aws.kms.Key | None) -> None:
    """Encrypt what is written, with `key` or else with S3's own."""
    aws.s3.BucketServerSideEncryptionConfiguration(
        site.name(part),
        bucket=bucket.id,
        rules=[
            aws.s3.BucketServerSideEncryptionConfigurationRuleArgs(
                apply_server_side_encryption_by_default=aws.s3.BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultArgs(
                    sse_algorithm="aws:kms" if key else "AES256",
                    kms_master_key_id=key.arn if key else None,
                ),
                bucket_key_enabled=True if key else None,
            )
        ],
        opts=site.opts(stateful=True),
    )


def _expire(
    site: Site, part: str, bucket: aws.s3.Bucket, after: pulumi.Resource, *, days: int
) -> None:
    """Remove uploads that nobody finished and what was replaced; `days` removes the rest, too."""
    aws.s3.BucketLifecycleConfiguration(
        site.name(part),
        bucket=bucket.id,
        rules=[
            aws.s3.BucketLifecycleConfigurationRuleArgs(
                id="leftovers",
                status="Enabled",
                # Of the whole bucket.
                filter=aws.s3.BucketLifecycleConfigurationRuleFilterArgs(prefix=""),
                abort_incomplete_multipart_upload=aws.s3.BucketLifecycleConfigurationRuleAbortIncompleteMultipartUploadArgs(
                    days_after_initiation=_UPLOAD_DAYS
                ),
                noncurrent_version_expiration=aws.s3.BucketLifecycleConfigurationRuleNoncurrentVersionExpirationArgs(
                    noncurrent_days=_OLD_DAYS
                ),
                expiration=aws.s3.BucketLifecycleConfigurationRuleExpirationArgs(days=days)
                if days
                else None,
            )
        ],
        opts=site.opts(stateful=True, after=[after]),
    )


def _tls_only(bucket: aws.s3.Bucket) -> dict[str, Any]:
    return {
        "Sid": "TlsOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [bucket.arn, pulumi.Output.concat(bucket.arn, "/*")],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def _registry_policy(site: Site, bucket: aws.s3.Bucket, prefix: str) -> None:
    """Let nobody in without TLS, and nobody write over a model without saying what is there.

    The second is example 3 of
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes-enforce.html; parts of
    an upload carry no condition and make no object, its completion does both.
    """
    aws.s3.BucketPolicy(
        site.name("models"),
        bucket=bucket.id,
        policy=site.document(
            _tls_only(bucket),
            {
                "Sid": "NoBlindOverwrite",
                "Effect": "Deny",
                "Principal": "*",
                "Action": "s3:PutObject",
                "Resource": [
                    pulumi.Output.concat(bucket.arn, f"/{prefix}{each}/*") for each in _NEVER_BLIND
                ],
                "Condition": {
                    "Null": {"s3:if-none-match": "true", "s3:if-match": "true"},
                    "Bool": {"s3:ObjectCreationOperation": "true"},
                },
            },
        ),
        opts=site.opts(stateful=True),
    )


def _log_bucket(site: Site, logs: aws.s3.Bucket) -> pulumi.Resource:
    """Let S3 and load balancers of this account write logs, and return what lets them.

    Neither writes to a bucket that is encrypted with a key of KMS, so this one uses S3's own:
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html and
    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html
    """
    _encrypt(site, "access-logs", logs, None)
    own_logs = pulumi.Output.concat("alb/AWSLogs/", site.account, "/*")
    statements: list[dict[str, Any]] = [
        _tls_only(logs),
        {
            **_delivery("S3", "logging.s3.amazonaws.com", logs, "s3/*"),
            "Condition": {"StringEquals": {"aws:SourceAccount": site.account}},
        },
    ]
    if site.config.compute == "service":
        service = "logdelivery.elasticloadbalancing.amazonaws.com"
        statements.append(_delivery("LoadBalancer", service, logs, own_logs))
    return aws.s3.BucketPolicy(
        site.name("access-logs"),
        bucket=logs.id,
        policy=site.document(*statements),
        opts=site.opts(stateful=True),
    )


def _delivery(
    sid: str, service: str, logs: aws.s3.Bucket, keys: pulumi.Input[str]
) -> dict[str, Any]:
    return {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "s3:PutObject",
        "Resource": pulumi.Output.concat(logs.arn, "/", keys),
    }
