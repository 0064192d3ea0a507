import json

import pulumi_aws as aws

role = aws.iam.Role(
    "server",
    assume_role_policy=json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "lambda.amazonaws.com"},
                    "Action": "sts:AssumeRole",
                }
            ],
        }
    ),
)
aws.iam.RolePolicyAttachment(  # <- DEP011
    "server", role=role.name, policy_arn="arn:aws:iam::aws:policy/AdministratorAccess"
)
