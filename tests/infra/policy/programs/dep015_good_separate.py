import json

import pulumi_aws as aws

key = aws.kms.Key("models", description="Models", enable_key_rotation=True)
aws.kms.KeyPolicy(
    "models",
    key_id=key.id,
    policy=json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"AWS": "arn:aws:iam::123456789012:root"},
                    "Action": "kms:*",
                    "Resource": "*",
                }
            ],
        }
    ),
)
