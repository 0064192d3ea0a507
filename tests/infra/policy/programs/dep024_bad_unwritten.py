import pulumi_gcp as gcp

logs = gcp.storage.Bucket(
    "logs",
    location="europe-west3",
    versioning=gcp.storage.BucketVersioningArgs(enabled=True),
)
gcp.storage.BucketIAMMember(
    "logs", bucket=logs.name, role="roles/storage.objectViewer", member="group:audit@example.com"
)
gcp.storage.Bucket(  # <- DEP024
    "models",
    location="europe-west3",
    versioning=gcp.storage.BucketVersioningArgs(enabled=True),
    logging=gcp.storage.BucketLoggingArgs(log_bucket=logs.name),
)
