import pulumi_aws as aws

aws.lambda_.Function(
    "server",
    role="arn:aws:iam::123456789012:role/server",
    package_type="Image",
    image_uri="registry.example/penguins@sha256:" + "cd" * 32,
    reserved_concurrent_executions=10,
)
aws.apigatewayv2.Stage(
    "api",
    api_id="abcdefghij",
    name="$default",
    default_route_settings={"throttling_burst_limit": 100, "throttling_rate_limit": 100.0},
)
