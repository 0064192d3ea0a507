import json

import pulumi_aws as aws

alarms = aws.sns.Topic("alarms")
aws.sns.TopicPolicy(  # <- DEP044
    "alarms",
    arn=alarms.arn,
    policy=json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "cloudwatch.amazonaws.com"},
                    "Action": "sns:Publish",
                    "Resource": "arn:aws:sns:eu-central-1:123456789012:alarms",
                    "Condition": {"StringEquals": {"aws:SourceAccount": "123456789012"}},
                }
            ],
        }
    ),
)
