import pulumi_gcp as gcp

ABORT = gcp.storage.BucketLifecycleRuleArgs(
    action=gcp.storage.BucketLifecycleRuleActionArgs(type="AbortIncompleteMultipartUpload"),
    condition=gcp.storage.BucketLifecycleRuleConditionArgs(age=7),
)


def delete(**condition: int) -> gcp.storage.BucketLifecycleRuleArgs:
    return gcp.storage.BucketLifecycleRuleArgs(
        action=gcp.storage.BucketLifecycleRuleActionArgs(type="Delete"),
        condition=gcp.storage.BucketLifecycleRuleConditionArgs(**condition),
    )


logs = gcp.storage.Bucket("logs", location="europe-west3", lifecycle_rules=[ABORT, delete(age=365)])
gcp.storage.Bucket(
    "models",
    location="europe-west3",
    versioning=gcp.storage.BucketVersioningArgs(enabled=True),
    logging=gcp.storage.BucketLoggingArgs(log_bucket=logs.name),
    lifecycle_rules=[ABORT, delete(num_newer_versions=3)],
)
gcp.artifactregistry.Repository(
    "images",
    repository_id="images",
    location="europe-west3",
    format="DOCKER",
    cleanup_policies=[
        gcp.artifactregistry.RepositoryCleanupPolicyArgs(
            id="untagged",
            action="DELETE",
            condition=gcp.artifactregistry.RepositoryCleanupPolicyConditionArgs(
                tag_state="UNTAGGED", older_than="1209600s"
            ),
        )
    ],
)
