"""The key that everything at rest is encrypted with."""

import pulumi_aws as aws

from infra.aws.site import Site

__all__ = ["make_key"]


def make_key(site: Site) -> aws.kms.Key:
    """Make the key: rotated every year, used by this account and by three services for it."""
    own = {"StringEquals": {"aws:SourceAccount": site.account}}
    key = aws.kms.Key(
        site.name("key"),
        description=f"Models, images, logs, alarms and keys of {site.config.name}",
        enable_key_rotation=True,
        deletion_window_in_days=30,
        policy=site.document(
            {
                # Without it nobody could ever change the key; who in the account may use it is
                # said by IAM: https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
                "Sid": "Account",
                "Effect": "Allow",
                "Principal": {
                    "AWS": site.account.apply(
                        lambda account: f"arn:{site.partition}:iam::{account}:root"
                    )
                },
                "Action": "kms:*",
                "Resource": "*",
            },
            {
                # https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
                "Sid": "Logs",
                "Effect": "Allow",
                "Principal": {"Service": f"logs.{site.config.region}.amazonaws.com"},
                "Action": [
                    "kms:Encrypt",
                    "kms:Decrypt",
                    "kms:ReEncrypt*",
                    "kms:GenerateDataKey*",
                    "kms:DescribeKey",
                ],
                "Resource": "*",
                "Condition": {
                    "ArnLike": {
                        "kms:EncryptionContext:aws:logs:arn": site.arn("logs", "log-group:*")
                    }
                },
            },
            {
                # https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
                "Sid": "Alarms",
                "Effect": "Allow",
                "Principal": {"Service": ["cloudwatch.amazonaws.com", "budgets.amazonaws.com"]},
                "Action": ["kms:Decrypt", "kms:GenerateDataKey*"],
                "Resource": "*",
                "Condition": own,
            },
        ),
        tags=site.tags,
        opts=site.opts(stateful=True),
    )
    aws.kms.Alias(
        site.name("key"),
        name=f"alias/{site.config.name}",
        target_key_id=key.key_id,
        opts=site.opts(),
    )
    return key
