import pulumi_aws as aws

aws.lambda_.Permission(  # <- DEP038
    "server",
    function="penguins",
    action="lambda:InvokeFunction",
    principal="*",
)
