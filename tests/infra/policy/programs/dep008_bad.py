import pulumi_aws as aws

logs = aws.s3.Bucket("logs", bucket="penguins-logs")
models = aws.s3.Bucket("models", bucket="penguins-models")
other = aws.s3.Bucket("other", bucket="penguins-other")  # <- DEP008
aws.s3.BucketLogging("models", bucket=models.id, target_bucket=logs.id, target_prefix="models/")
