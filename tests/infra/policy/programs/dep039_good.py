import json

import pulumi_aws as aws

aws.lambda_.Permission(
    "server",
    function="penguins",
    action="lambda:InvokeFunction",
    principal="apigateway.amazonaws.com",
    source_arn="arn:aws:execute-api:eu-central-1:123456789012:abcdefghij/*",
)
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
aws.iam.Role(
    "server",
    assume_role_policy=json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "ecs-tasks.amazonaws.com"},
                    "Action": "sts:AssumeRole",
                    "Condition": {"StringEquals": {"aws:SourceAccount": "123456789012"}},
                }
            ],
        }
    ),
)
logs = aws.s3.Bucket("logs", bucket="penguins-logs")
aws.s3.BucketPolicy(
    "logs",
    bucket=logs.id,
    policy=json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"},
                    "Action": "s3:PutObject",
                    "Resource": "arn:aws:s3:::penguins-logs/alb/AWSLogs/123456789012/*",
                }
            ],
        }
    ),
)
