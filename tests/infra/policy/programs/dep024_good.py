import pulumi_gcp as gcp

logs = gcp.storage.Bucket(
    "logs",
    location="europe-west3",
    versioning=gcp.storage.BucketVersioningArgs(enabled=True),
)
models = gcp.storage.Bucket(
    "models",
    location="europe-west3",
    versioning=gcp.storage.BucketVersioningArgs(enabled=True),
    logging=gcp.storage.BucketLoggingArgs(log_bucket=logs.name),
)
gcp.storage.BucketIAMMember(
    "logs",
    bucket=logs.name,
    role="roles/storage.objectCreator",
    member="group:cloud-storage-analytics@google.com",
)
