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
                    "Action": ["ecr:GetAuthorizationToken", "cloudwatch:PutMetricData"],
                    "Resource": "*",
                }
            ],
        }
    ),
)
