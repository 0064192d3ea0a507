import pulumi_aws as aws

server = aws.lambda_.Function(
    "server",
    package_type="Image",
    image_uri="123456789012.dkr.ecr.eu-central-1.amazonaws.com/penguins@sha256:" + "cd" * 32,
    role="arn:aws:iam::123456789012:role/server",
    environment={"variables": {"MODEL": "penguins"}},
)
aws.lambda_.FunctionUrl(  # <- DEP019
    "server", function_name=server.name, authorization_type="NONE"
)
