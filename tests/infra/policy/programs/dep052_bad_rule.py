import pulumi_aws as aws

models = aws.s3.Bucket("models")
aws.s3.BucketVersioning("models", bucket=models.id, versioning_configuration={"status": "Enabled"})
aws.s3.BucketLifecycleConfiguration(  # <- DEP052
    "models",
    bucket=models.id,
    rules=[
        {
            "id": "all",
            "status": "Enabled",
            "abort_incomplete_multipart_upload": {"days_after_initiation": 7},
        }
    ],
)
