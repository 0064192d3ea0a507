"""Where the server's words are kept."""

import pulumi_aws as aws

from infra.aws import names
from infra.aws.site import Site

__all__ = ["make_log_group"]


def make_log_group(site: Site, part: str, path: str, key: aws.kms.Key) -> aws.cloudwatch.LogGroup:
    """Make a log group that forgets, encrypted with the key.

    Args:
        site: where.
        part: of the endpoint, that writes to it.
        path: its name in CloudWatch.
        key: of KMS, whose policy lets CloudWatch use it.

    """
    return aws.cloudwatch.LogGroup(
        site.name(part),
        name=path,
        retention_in_days=names.retention(site.config.log_days),
        kms_key_id=key.arn,
        tags=site.tags,
        opts=site.opts(),
    )
