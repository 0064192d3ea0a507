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
                    "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
                    "Resource": "arn:aws:logs:eu-central-1:123456789012:log-group:penguins:*",
                }
            ],
        }
    ),
)
