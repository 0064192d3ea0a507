import pulumi_aws as aws

aws.apigateway.Method(  # <- DEP020
    "infer",
    rest_api="abcdefghij",
    resource_id="abcdef",
    http_method="POST",
    authorization="NONE",
)
