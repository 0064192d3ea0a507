# demands {"object_lock": true}
import pulumi_aws as aws

models = aws.s3.Bucket("models", bucket="penguins-models", object_lock_enabled=True)
aws.s3.BucketObjectLockConfiguration(
    "models",
    bucket=models.id,
    rule={"default_retention": {"mode": "GOVERNANCE", "days": 30}},
)
