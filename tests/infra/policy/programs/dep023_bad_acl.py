import pulumi_gcp as gcp

models = gcp.storage.Bucket(
    "models",
    location="europe-west3",
    uniform_bucket_level_access=True,
    public_access_prevention="enforced",
)
gcp.storage.BucketAccessControl(  # <- DEP023
    "reader", bucket=models.name, role="READER", entity="allUsers"
)
gcp.storage.BucketACL("all", bucket=models.name, predefined_acl="publicRead")  # <- DEP023
gcp.storage.DefaultObjectACL(  # <- DEP023
    "each", bucket=models.name, role_entities=["OWNER:user-ada@example.com", "READER:allUsers"]
)
