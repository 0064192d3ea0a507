import pulumi_aws as aws

aws.apigatewayv2.Route(  # <- DEP020
    "infer",
    api_id="abcdefghij",
    route_key="POST /v2/models/penguins/infer",
    target="integrations/abcdefg",
)
