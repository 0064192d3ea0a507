import json

import pulumi_aws as aws

aws.iam.RolePolicy(
    "server",
    role="server",
    policy=json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": "kms:Decrypt",
                    "Resource": "arn:aws:kms:eu-central-1:123456789012:key/11111111-2222-3333-4444-555555555555",
                    "Condition": {
                        "StringEquals": {"kms:ViaService": "s3.eu-central-1.amazonaws.com"}
                    },
                }
            ],
        }
    ),
)
