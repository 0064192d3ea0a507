import pulumi_aws as aws

aws.apigatewayv2.Stage(  # <- DEP048
    "api",
    api_id="abcdefghij",
    name="$default",
)
