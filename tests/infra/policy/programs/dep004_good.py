import pulumi_aws as aws

models = aws.s3.Bucket("models", bucket="penguins-models")
aws.s3.BucketVersioning(
    "models",
    bucket=models.id,
    versioning_configuration={"status": "Enabled"},
)
