import pulumi_gcp as gcp

models = gcp.storage.Bucket(
    "models",
    location="europe-west3",
    uniform_bucket_level_access=True,
    public_access_prevention="enforced",
)
gcp.storage.BucketIAMMember(
    "reader",
    bucket=models.name,
    role="roles/storage.objectViewer",
    member="user:ada@example.com",
)
