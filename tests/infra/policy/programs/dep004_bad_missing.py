import pulumi_aws as aws

models = aws.s3.Bucket("models", bucket="penguins-models")  # <- DEP004
other = aws.s3.Bucket("other", bucket="penguins-other")
aws.s3.BucketVersioning(
    "other", bucket="penguins-other", versioning_configuration={"status": "Enabled"}
)
