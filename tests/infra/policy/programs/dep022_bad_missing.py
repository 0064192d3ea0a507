import pulumi_aws as aws

aws.cloudwatch.LogGroup(  # <- DEP022
    "server",
    name="/penguins/server",
    kms_key_id="arn:aws:kms:eu-central-1:123456789012:key/1",
)
