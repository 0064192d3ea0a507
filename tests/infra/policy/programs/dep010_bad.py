# demands {"replication": true}
import pulumi_aws as aws

copy = aws.s3.Bucket("copy", bucket="penguins-copy")
models = aws.s3.Bucket("models", bucket="penguins-models")
aws.s3.BucketReplicationConfig(  # <- DEP010
    "models",
    bucket=models.id,
    role="arn:aws:iam::123456789012:role/replication",
    rules=[{"id": "all", "status": "Disabled", "destination": {"bucket": copy.arn}}],
)
