import json

import pulumi_aws as aws

models = aws.s3.Bucket("models")
aws.s3.BucketVersioning("models", bucket=models.id, versioning_configuration={"status": "Enabled"})
aws.s3.BucketLifecycleConfiguration(
    "models",
    bucket=models.id,
    rules=[
        {
            "id": "all",
            "status": "Enabled",
            "noncurrent_version_expiration": {"noncurrent_days": 90},
            "expiration": {"days": 365},
        }
    ],
)
aws.s3.BucketLogging("others", bucket="others", target_bucket=models.id, target_prefix="s3/")
images = aws.ecr.Repository("images", name="penguins")
aws.ecr.LifecyclePolicy(
    "images",
    repository=images.name,
    policy=json.dumps({"rules": []}),
)
