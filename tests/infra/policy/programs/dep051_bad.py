import pulumi_aws as aws

aws.lambda_.Function(  # <- DEP051
    "server",
    role="arn:aws:iam::123456789012:role/server",
    package_type="Image",
    image_uri="registry.example/penguins@sha256:" + "cd" * 32,
)
