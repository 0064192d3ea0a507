import pulumi_aws as aws

authorizer = aws.lambda_.Function(
    "authorizer",
    role="arn:aws:iam::123456789012:role/server",
    package_type="Image",
    image_uri="registry.example/penguins@sha256:" + "cd" * 32,
)
aws.apigatewayv2.Authorizer(
    "api",
    api_id="abcdefghij",
    authorizer_type="REQUEST",
    authorizer_uri=authorizer.invoke_arn,
    authorizer_payload_format_version="2.0",
    authorizer_result_ttl_in_seconds=0,
)
