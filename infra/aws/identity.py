"""Who the server is to AWS, and the little that it may do."""

from typing import Any

import pulumi
import pulumi_aws as aws

from infra.aws.site import Site
from infra.aws.storage import Storage

__all__ = ["decrypts", "make_role", "reads_models", "writes_logs"]


def make_role(site: Site, part: str, service: str, *statements: dict[str, Any]) -> aws.iam.Role:
    """Make a role for a service of AWS, with one policy of its own.

    Args:
        site: where.
        part: of the endpoint, that it is for.
        service: such as ``lambda.amazonaws.com``.
        statements: of its policy.

    """
    trust: dict[str, Any] = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sts:AssumeRole",
    }
    if service == "ecs-tasks.amazonaws.com":
        # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html
        trust["Condition"] = {
            "StringEquals": {"aws:SourceAccount": site.account},
            "ArnLike": {"aws:SourceArn": site.arn("ecs", "*")},
        }
    role = aws.iam.Role(
        site.name(part),
        description=f"{part} of {site.config.name}",
        assume_role_policy=site.document(trust),
        tags=site.tags,
        opts=site.opts(),
    )
    aws.iam.RolePolicy(
        site.name(part), role=role.id, policy=site.document(*statements), opts=site.opts()
    )
    return role


def reads_models(site: Site, storage: Storage, key: aws.kms.Key) -> list[dict[str, Any]]:
    """Return what lets somebody read the registry: its objects, its bucket, its key through S3.

    Without ``s3:ListBucket`` S3 says 403, not 404, of what is not there:
    https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
    """
    return [
        {
            "Sid": "ReadModels",
            "Effect": "Allow",
            "Action": "s3:GetObject",
            "Resource": pulumi.Output.concat(storage.bucket.arn, f"/{storage.prefix}*"),
        },
        {
            "Sid": "TellMissing",
            "Effect": "Allow",
            "Action": "s3:ListBucket",
            "Resource": storage.bucket.arn,
        },
        decrypts(site, key, "s3"),
    ]


def decrypts(site: Site, key: aws.kms.Key, service: str) -> dict[str, Any]:
    """Return what lets somebody have things decrypted, through one service alone."""
    return {
        "Sid": "Decrypt",
        "Effect": "Allow",
        "Action": "kms:Decrypt",
        "Resource": key.arn,
        "Condition": {
            "StringEquals": {"kms:ViaService": f"{service}.{site.config.region}.amazonaws.com"}
        },
    }


def writes_logs(group: aws.cloudwatch.LogGroup) -> dict[str, Any]:
    """Return what lets somebody write to this log group."""
    return {
        "Sid": "WriteLogs",
        "Effect": "Allow",
        "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
        "Resource": pulumi.Output.concat(group.arn, ":*"),
    }
