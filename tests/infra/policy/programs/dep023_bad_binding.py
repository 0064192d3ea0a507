import pulumi_gcp as gcp

models = gcp.storage.Bucket(
    "models",
    location="europe-west3",
    uniform_bucket_level_access=True,
    public_access_prevention="enforced",
)
gcp.storage.BucketIAMBinding(  # <- DEP023
    "readers",
    bucket=models.name,
    role="roles/storage.objectViewer",
    members=["user:ada@example.com", "allAuthenticatedUsers"],
)
gcp.storage.BucketIAMPolicy(  # <- DEP023
    "policy",
    bucket=models.name,
    policy_data='{"bindings": [{"role": "roles/storage.admin", "members": ["allUsers"]}]}',
)
