import json

import pulumi_aws as aws

aws.kms.Key(  # <- DEP015
    "models",
    description="Models of penguins",
    enable_key_rotation=False,
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
