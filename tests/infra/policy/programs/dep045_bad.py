import pulumi_aws as aws

aws.s3.Bucket("models", force_destroy=True)  # <- DEP045
