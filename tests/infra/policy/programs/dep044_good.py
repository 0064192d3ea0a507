import json

import pulumi_aws as aws

alarms = aws.sns.Topic("alarms")
aws.sns.TopicPolicy(
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
                },
                {
                    "Effect": "Deny",
                    "Principal": "*",
                    "Action": "sns:Publish",
                    "Resource": "arn:aws:sns:eu-central-1:123456789012:alarms",
                    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                },
            ],
        }
    ),
)
jobs = aws.sqs.Queue("jobs", name="jobs", sqs_managed_sse_enabled=True)
aws.sqs.QueuePolicy(
    "jobs",
    queue_url=jobs.url,
    policy=json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Deny",
                    "Principal": "*",
                    "Action": "sqs:*",
                    "Resource": "arn:aws:sqs:eu-central-1:123456789012:jobs",
                    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                }
            ],
        }
    ),
)
