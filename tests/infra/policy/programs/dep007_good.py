import pulumi_aws as aws

models = aws.s3.Bucket("models", bucket="penguins-models")
aws.s3.BucketOwnershipControls(
    "models", bucket=models.id, rule={"object_ownership": "BucketOwnerEnforced"}
)
