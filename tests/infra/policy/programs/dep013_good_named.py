import json

import pulumi_aws as aws

aws.iam.Policy(
    "server",
    policy=json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": ["sts:AssumeRole", "secretsmanager:GetSecretValue"],
                    "Resource": [
                        "arn:aws:iam::123456789012:role/reader",
                        "arn:aws:secretsmanager:eu-central-1:123456789012:secret:keys-abcdef",
                    ],
                }
            ],
        }
    ),
)
