import json

import pulumi_aws as aws

aws.sns.TopicPolicy(
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
                    "Condition": {"StringEquals": {"aws:SourceAccount": "123456789012"}},
                }
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
                    "Effect": "Allow",
                    "Principal": {"AWS": "*"},
                    "Action": "sqs:SendMessage",
                    "Resource": "arn:aws:sqs:eu-central-1:123456789012:jobs",
                    "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-abcdefghij"}},
                }
            ],
        }
    ),
)
aws.lambda_.Permission(
    "server",
    function="penguins",
    action="lambda:InvokeFunction",
    principal="*",
    principal_org_id="o-abcdefghij",
)
