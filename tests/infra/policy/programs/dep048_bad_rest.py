import pulumi_aws as aws

aws.apigateway.Stage(  # <- DEP048
    "api",
    rest_api="abcdefghij",
    deployment="abcdef",
    stage_name="live",
)
