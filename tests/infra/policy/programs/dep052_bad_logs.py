import pulumi_aws as aws

models = aws.s3.Bucket("models")
aws.s3.BucketVersioning("models", bucket=models.id, versioning_configuration={"status": "Enabled"})
aws.s3.BucketLifecycleConfiguration(  # <- DEP052
    "models",
    bucket=models.id,
    rules=[
        {"id": "all", "status": "Enabled", "noncurrent_version_expiration": {"noncurrent_days": 90}}
    ],
)
aws.s3.BucketLogging("others", bucket="others", target_bucket=models.id, target_prefix="s3/")
