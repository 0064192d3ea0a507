import json

import pulumi_aws as aws

models = aws.s3.Bucket("models", bucket="penguins-models")
aws.s3.BucketPolicy(  # <- DEP047
    "models",
    bucket=models.id,
    policy=json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Deny",
                    "Principal": "*",
                    "Action": "s3:PutObject",
                    "Resource": [
                        "arn:aws:s3:::penguins-models/registry/blobs/*",
                        "arn:aws:s3:::penguins-models/registry/diverged/*",
                        "arn:aws:s3:::penguins-models/registry/epochs/*",
                        "arn:aws:s3:::penguins-models/registry/manifests/*",
                        "arn:aws:s3:::penguins-models/registry/models/*",
                    ],
                    "Condition": {
                        "Null": {"s3:if-none-match": "true", "s3:if-match": "true"},
                        "Bool": {"s3:ObjectCreationOperation": "true"},
                        "StringEquals": {"aws:PrincipalAccount": "123456789012"},
                    },
                }
            ],
        }
    ),
)
aws.lambda_.Function(
    "server",
    role="arn:aws:iam::123456789012:role/server",
    package_type="Image",
    image_uri="registry.example/penguins@sha256:" + "cd" * 32,
    environment={"variables": {"DEPLOYER_CLOUDS_AWS_URL": "s3://penguins-models/registry"}},
)
