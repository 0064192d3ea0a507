import json

import pulumi_aws as aws

aws.iam.RolePolicy(  # <- DEP041
    "server",
    role="server",
    policy=json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": "kms:Decrypt",
                    "Resource": "*",
                    "Condition": {
                        "StringEquals": {"kms:ViaService": "s3.eu-central-1.amazonaws.com"}
                    },
                }
            ],
        }
    ),
)
