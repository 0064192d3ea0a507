import json

import pulumi_aws as aws

jobs = aws.sqs.Queue("jobs", name="jobs", sqs_managed_sse_enabled=True)
aws.sqs.QueuePolicy(  # <- DEP038
    "jobs",
    queue_url=jobs.url,
    policy=json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": "*",
                    "Action": "sqs:SendMessage",
                    "Resource": "arn:aws:sqs:eu-central-1:123456789012:jobs",
                }
            ],
        }
    ),
)
