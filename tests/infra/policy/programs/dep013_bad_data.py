import json

import pulumi_aws as aws

aws.iam.Policy(  # <- DEP013
    "server",
    policy=json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": "secretsmanager:Get*",
                    "Resource": "*",
                }
            ],
        }
    ),
)
