import pulumi_aws as aws

models = aws.s3.Bucket("models", bucket="penguins-models")
aws.s3.BucketLifecycleConfiguration(  # <- DEP009
    "models",
    bucket=models.id,
    rules=[
        {
            "id": "expire",
            "status": "Enabled",
            "filter": {},
            "noncurrent_version_expiration": {"noncurrent_days": 90},
        }
    ],
)
