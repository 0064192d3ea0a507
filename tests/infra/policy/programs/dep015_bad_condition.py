import json

import pulumi_aws as aws

aws.kms.Key(  # <- DEP015
    "models",
    enable_key_rotation=True,
    policy=json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": "*",
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
