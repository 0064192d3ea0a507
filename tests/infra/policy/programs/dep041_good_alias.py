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
                    "Resource": "*",
                    "Condition": {
                        "ForAnyValue:StringEquals": {"kms:ResourceAliases": "alias/penguins"}
                    },
                }
            ],
        }
    ),
)
