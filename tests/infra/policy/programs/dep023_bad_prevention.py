import pulumi_gcp as gcp

models = gcp.storage.Bucket(  # <- DEP023
    "models",
    location="europe-west3",
    uniform_bucket_level_access=True,
    public_access_prevention="inherited",
)
