import pulumi_aws as aws

models = aws.s3.Bucket("models", bucket="penguins-models")
aws.s3.BucketLifecycleConfiguration(  # <- DEP009
    "models",
    bucket=models.id,
    rules=[
        {
            "id": "expire",
            "status": "Enabled",
            "filter": {"prefix": "uploads/"},
            "abort_incomplete_multipart_upload": {"days_after_initiation": 7},
        }
    ],
)
