import pulumi_aws as aws

aws.apigateway.Method(
    "infer",
    rest_api="abcdefghij",
    resource_id="abcdef",
    http_method="POST",
    authorization="AWS_IAM",
)
