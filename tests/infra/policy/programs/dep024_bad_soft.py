import pulumi_gcp as gcp

logs = "penguins-logs"
gcp.storage.Bucket(  # <- DEP024
    "models",
    location="europe-west3",
    versioning=gcp.storage.BucketVersioningArgs(enabled=True),
    logging=gcp.storage.BucketLoggingArgs(log_bucket=logs),
    soft_delete_policy=gcp.storage.BucketSoftDeletePolicyArgs(retention_duration_seconds=0),
)
