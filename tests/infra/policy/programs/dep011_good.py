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
                    "Action": "s3:GetObject",
                    "Resource": "arn:aws:s3:::penguins-models/*",
                }
            ],
        }
    ),
)
