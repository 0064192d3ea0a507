import pulumi_aws as aws

key = aws.kms.Key("key", enable_key_rotation=True)
aws.ecr.Repository(
    "images",
    name="penguins",
    encryption_configurations=[{"encryption_type": "KMS", "kms_key": key.arn}],
)
aws.sns.Topic("alarms", kms_master_key_id=key.arn)
aws.secretsmanager.Secret("keys", kms_key_id=key.arn)
aws.lambda_.Function(
    "server",
    role="arn:aws:iam::123456789012:role/server",
    package_type="Image",
    image_uri="registry.example/penguins@sha256:" + "cd" * 32,
    environment={"variables": {"MODEL": "penguins"}},
    kms_key_arn=key.arn,
)
models = aws.s3.Bucket("models")
aws.s3.BucketServerSideEncryptionConfiguration(
    "models",
    bucket=models.id,
    rules=[
        {
            "apply_server_side_encryption_by_default": {
                "sse_algorithm": "aws:kms",
                "kms_master_key_id": key.arn,
            }
        }
    ],
)
