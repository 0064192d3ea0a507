import pulumi_aws as aws

aws.cloudwatch.LogGroup(
    "server",
    name="/penguins/server",
    retention_in_days=365,
    kms_key_id="arn:aws:kms:eu-central-1:123456789012:key/1",
)
