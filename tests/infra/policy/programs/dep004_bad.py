import pulumi_aws as aws

models = aws.s3.Bucket("models", bucket="penguins-models")
aws.s3.BucketVersioning(  # <- DEP004
    "models",
    bucket=models.id,
    versioning_configuration={"status": "Suspended"},
)
