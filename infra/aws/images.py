"""The repository of the server's image."""

import json

import pulumi_aws as aws

from infra.aws import names
from infra.aws.site import Site

__all__ = ["make_repository"]

_UNTAGGED_DAYS = 14


def make_repository(site: Site, key: aws.kms.Key) -> aws.ecr.Repository:
    """Make the ECR repository: tags never move, what is pushed is scanned, nobody else pulls."""
    repository = aws.ecr.Repository(
        site.name("images"),
        name=names.repository(site.config.image, site.config.name),
        image_tag_mutability="IMMUTABLE",
        image_scanning_configuration=aws.ecr.RepositoryImageScanningConfigurationArgs(
            scan_on_push=True
        ),
        encryption_configurations=[
            aws.ecr.RepositoryEncryptionConfigurationArgs(encryption_type="KMS", kms_key=key.arn)
        ],
        force_delete=False,
        tags=site.tags,
        opts=site.opts(stateful=True),
    )
    aws.ecr.LifecyclePolicy(
        site.name("images"),
        repository=repository.name,
        policy=json.dumps({"rules": [_untagged()]}),
        opts=site.opts(),
    )
    if site.config.compute == "serverless":
        _let_lambda_pull(site, repository)
    return repository


def _untagged() -> dict[str, object]:
    """Return the rule that forgets images without a tag; a tagged one may be what a digest means."""
    return {
        "rulePriority": 1,
        "description": f"untagged for {_UNTAGGED_DAYS} days",
        "selection": {
            "tagStatus": "untagged",
            "countType": "sinceImagePushed",
            "countUnit": "days",
            "countNumber": _UNTAGGED_DAYS,
        },
        "action": {"type": "expire"},
    }


def _let_lambda_pull(site: Site, repository: aws.ecr.Repository) -> None:
    """Let this account's functions pull.

    https://docs.aws.amazon.com/lambda/latest/dg/images-create.html#gettingstarted-images-permissions
    """
    aws.ecr.RepositoryPolicy(
        site.name("images"),
        repository=repository.name,
        policy=site.document(
            {
                "Sid": "Functions",
                "Effect": "Allow",
                "Principal": {"Service": "lambda.amazonaws.com"},
                "Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
                "Condition": {"ArnLike": {"aws:SourceArn": site.arn("lambda", "function:*")}},
            }
        ),
        opts=site.opts(),
    )
