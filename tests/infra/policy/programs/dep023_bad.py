import pulumi_gcp as gcp

models = gcp.storage.Bucket(  # <- DEP023
    "models",
    location="europe-west3",
    public_access_prevention="enforced",
)
