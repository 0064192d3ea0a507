import pulumi_aws as aws

aws.s3.Bucket("others", bucket="others")
aws.lambda_.Function(
    "server",
    role="arn:aws:iam::123456789012:role/server",
    package_type="Image",
    image_uri="registry.example/penguins@sha256:" + "cd" * 32,
    environment={"variables": {"DEPLOYER_CLOUDS_AWS_URL": "s3://penguins-models/registry"}},
)
