import pulumi_aws as aws

models = aws.s3.Bucket("models", bucket="penguins-models")
aws.s3.BucketAcl("models", bucket=models.id, acl="public-read")  # <- DEP003
