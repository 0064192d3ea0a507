import json

import pulumi_aws as aws

aws.sns.TopicPolicy(  # <- DEP039
    "alarms",
    arn="arn:aws:sns:eu-central-1:123456789012:alarms",
    policy=json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "cloudwatch.amazonaws.com"},
                    "Action": "sns:Publish",
                    "Resource": "arn:aws:sns:eu-central-1:123456789012:alarms",
                }
            ],
        }
    ),
)
