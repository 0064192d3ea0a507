import pulumi_aws as aws

models = aws.s3.Bucket("models")
aws.s3.BucketServerSideEncryptionConfiguration(  # <- DEP043
    "models",
    bucket=models.id,
    rules=[{"apply_server_side_encryption_by_default": {"sse_algorithm": "aws:kms"}}],
)
