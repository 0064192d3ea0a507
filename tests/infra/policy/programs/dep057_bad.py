import pulumi_aws as aws

aws.apigateway.DomainName(  # <- DEP057
    "api",
    domain_name="penguins.example.com",
    regional_certificate_arn="arn:aws:acm:eu-central-1:123456789012:certificate/1",
    security_policy="TLS_1_0",
)
