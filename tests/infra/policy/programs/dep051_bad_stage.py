import pulumi_aws as aws

aws.apigatewayv2.Stage(  # <- DEP051
    "api",
    api_id="abcdefghij",
    name="$default",
    default_route_settings={"throttling_rate_limit": 100.0},
)
