import pulumi_aws as aws

aws.lambda_.Permission(  # <- DEP039
    "server",
    function="penguins",
    action="lambda:InvokeFunction",
    principal="apigateway.amazonaws.com",
)
