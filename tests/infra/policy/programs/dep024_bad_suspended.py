import pulumi_gcp as gcp

logs = gcp.storage.Bucket(
    "logs",
    location="europe-west3",
    versioning=gcp.storage.BucketVersioningArgs(enabled=True),
)
models = gcp.storage.Bucket(  # <- DEP024
    "models",
    location="europe-west3",
    versioning=gcp.storage.BucketVersioningArgs(enabled=False),
    logging=gcp.storage.BucketLoggingArgs(log_bucket=logs.name),
)
