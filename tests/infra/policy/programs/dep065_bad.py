import pulumi_gcp as gcp

logs = gcp.storage.Bucket(  # <- DEP065
    "logs",
    location="europe-west3",
    lifecycle_rules=[
        gcp.storage.BucketLifecycleRuleArgs(
            action=gcp.storage.BucketLifecycleRuleActionArgs(type="AbortIncompleteMultipartUpload"),
            condition=gcp.storage.BucketLifecycleRuleConditionArgs(age=7),
        )
    ],
)
gcp.storage.Bucket(  # <- DEP065
    "models",
    location="europe-west3",
    versioning=gcp.storage.BucketVersioningArgs(enabled=True),
    logging=gcp.storage.BucketLoggingArgs(log_bucket=logs.name),
)
gcp.storage.Bucket(  # <- DEP065
    "hasty",
    location="europe-west3",
    lifecycle_rules=[
        gcp.storage.BucketLifecycleRuleArgs(
            action=gcp.storage.BucketLifecycleRuleActionArgs(type="AbortIncompleteMultipartUpload"),
            condition=gcp.storage.BucketLifecycleRuleConditionArgs(age=7),
        ),
        gcp.storage.BucketLifecycleRuleArgs(
            action=gcp.storage.BucketLifecycleRuleActionArgs(type="Delete"),
            condition=gcp.storage.BucketLifecycleRuleConditionArgs(with_state="ARCHIVED"),
        ),
    ],
)
