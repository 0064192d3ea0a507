import pulumi
import pulumi_aws as aws

server = aws.lambda_.Function(
    "server",
    role="arn:aws:iam::123456789012:role/server",
    package_type="Image",
    image_uri="registry.example/penguins@sha256:" + "cd" * 32,
)
aws.cloudwatch.LogGroup("server", name=pulumi.Output.concat("/aws/lambda/", server.name))
