# demands {"object_lock": true}
import pulumi_aws as aws

models = aws.s3.Bucket("models", bucket="penguins-models")  # <- DEP005
