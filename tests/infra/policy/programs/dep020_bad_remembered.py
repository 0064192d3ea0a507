import pulumi_aws as aws

aws.apigatewayv2.Authorizer(  # <- DEP020
    "key",
    api_id="abcdefghij",
    authorizer_type="REQUEST",
    authorizer_uri="arn:aws:apigateway:eu-central-1:lambda:path/2015-03-31/functions/f/invocations",
    authorizer_payload_format_version="2.0",
)
