import json

import pulumi_aws as aws

jobs = aws.sqs.Queue("jobs", name="jobs", sqs_managed_sse_enabled=True)
aws.sqs.QueuePolicy(  # <- DEP044
    "jobs",
    queue_url=jobs.url,
    policy=json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "sns.amazonaws.com"},
                    "Action": "sqs:SendMessage",
                    "Resource": "arn:aws:sqs:eu-central-1:123456789012:jobs",
                    "Condition": {"StringEquals": {"aws:SourceAccount": "123456789012"}},
                }
            ],
        }
    ),
)
