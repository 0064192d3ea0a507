import pulumi_aws as aws

group = aws.cloudwatch.LogGroup("server", name="/penguins/server")
aws.lambda_.Function(
    "server",
    role="arn:aws:iam::123456789012:role/server",
    package_type="Image",
    image_uri="registry.example/penguins@sha256:" + "cd" * 32,
    logging_config={"log_format": "JSON", "log_group": group.name},
)
