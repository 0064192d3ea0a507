import pulumi_aws as aws

server = aws.lambda_.Function(  # <- DEP059
    "server",
    role="arn:aws:iam::123456789012:role/server",
    package_type="Image",
    image_uri="registry.example/penguins@sha256:" + "cd" * 32,
)
aws.lambda_.Alias("live", name="live", function_name=server.name, function_version=server.version)
