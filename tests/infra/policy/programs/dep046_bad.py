import pulumi
import pulumi_aws as aws

models = aws.s3.Bucket("models", opts=pulumi.ResourceOptions(protect=True))
aws.s3.BucketPublicAccessBlock(  # <- DEP046
    "models",
    bucket=models.id,
    block_public_acls=True,
    block_public_policy=True,
    ignore_public_acls=True,
    restrict_public_buckets=True,
)
