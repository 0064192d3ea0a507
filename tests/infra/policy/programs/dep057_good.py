import pulumi_aws as aws

aws.apigateway.DomainName(
    "rest",
    domain_name="rest.example.com",
    regional_certificate_arn="arn:aws:acm:eu-central-1:123456789012:certificate/1",
    security_policy="TLS_1_2",
)
aws.apigatewayv2.DomainName(
    "api",
    domain_name="penguins.example.com",
    domain_name_configuration={
        "certificate_arn": "arn:aws:acm:eu-central-1:123456789012:certificate/1",
        "endpoint_type": "REGIONAL",
        "security_policy": "TLS_1_2",
    },
)
