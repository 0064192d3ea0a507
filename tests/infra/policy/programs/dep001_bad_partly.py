import pulumi_aws as aws

models = aws.s3.Bucket("models", bucket="penguins-models")
aws.s3.BucketPublicAccessBlock(  # <- DEP001
    "models",
    bucket=models.id,
    block_public_acls=True,
    block_public_policy=True,
    ignore_public_acls=True,
    restrict_public_buckets=False,
)
