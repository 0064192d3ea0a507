import pulumi_gcp as gcp

logs = gcp.storage.Bucket(
    "logs",
    location="europe-west3",
    versioning=gcp.storage.BucketVersioningArgs(enabled=True),
)
models = gcp.storage.Bucket(
    "models",
    location="europe-west3",
    retention_policy=gcp.storage.BucketRetentionPolicyArgs(retention_period="864000"),
    logging=gcp.storage.BucketLoggingArgs(log_bucket=logs.name),
)
gcp.storage.BucketIAMBinding(
    "logs",
    bucket=logs.name,
    role="roles/storage.objectCreator",
    members=["group:cloud-storage-analytics@google.com"],
)
