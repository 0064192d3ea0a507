import pulumi_aws as aws

models = aws.s3.Bucket("models")  # <- DEP052
aws.s3.BucketVersioning("models", bucket=models.id, versioning_configuration={"status": "Enabled"})
